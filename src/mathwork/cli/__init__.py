"""The command `mathwork`.

app            the group of commands; it turns an error into one line
networks       forward, convert
demo           demo
matrices       rref, solve
fit            fit; fit_reports: its fits, and what it writes
train          train
orbit          orbit; orbit_tables: of the rows of a table
info           info
completion     completion
options        options that commands share, and what a shell completes; a command that takes an
               option once
output         results as JSON, aligned text and pictures; warnings and progress
quantities     numbers and columns with units
tables         tables of numbers for forward; tables that are written
columns        tables that may hold text, by columns and piece by piece
arrow          the cells of a table as pyarrow splits them
records        rows of text: the delimiter, the header, the rows
names          columns by name or place
numerals       numbers as people write them
sources        the bytes of a file, of a pipe, of gzip
matrix_text    matrices in text
lines          lines of text, and errors that name them
solar_system   planets and moons, for orbit

app imports the commands, and a command what it needs of the others. Tables are read by columns, or
by tables, over records, numerals and sources. Only __main__ imports this package, and no other
imports click or rich.
"""
