"""The command `mathwork`.

app            the group of commands; it turns an error into one line
networks       forward, convert
demo           demo
matrices       rref, solve
fit            fit
orbit          orbit
info           info
output         results as JSON
tables         tables of numbers in files
matrix_text    matrices in text
lines          lines of text, and the messages about them

Nothing outside this folder imports it, except __main__. click and rich are imported here alone.
"""
