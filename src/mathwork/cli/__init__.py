"""The command `mathwork`.

app            the group of commands; it turns an error into one line
networks       forward, convert
demo           demo
matrices       rref, solve
fit            fit
train          train
orbit          orbit
info           info
output         results as JSON, aligned text and pictures; warnings
tables         tables of numbers in files
matrix_text    matrices in text
lines          lines of text, and errors that name them
solar_system   planets and moons, for orbit

app imports the commands. A command imports what it needs of the last five. matrix_text imports
tables, and both import lines. Only __main__ imports this package, and no other imports click or
rich.
"""
