"""The command `mathwork`.

app            the group of commands; it turns an error into one line
networks       forward, convert
demo           demo
matrices       rref, solve
fit            fit
orbit          orbit
info           info
output         results as JSON
tables         numbers in files

Nothing outside this folder imports it, except __main__. click and rich are imported here alone.
"""
