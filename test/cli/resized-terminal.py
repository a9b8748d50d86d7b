"""Runs a command in a real pseudo-terminal: resized-terminal.py COLUMNSxROWS[,COLUMNSxROWS…] COMMAND…

The terminal has the first size; it gets the next one when the screen was drawn three times at this one. Then Ctrl-C is typed.
Everything that the command wrote goes to stdout, with a form feed at each change of size.
"""
import fcntl, os, pty, struct, sys, termios

HOME = b'\x1b[H'  # a screen is drawn from its upper left corner
CTRL_C = b'\x03'


def resize(fd, size):
    columns, rows = map(int, size.split('x'))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


sizes = sys.argv[1].split(',')
pid, fd = pty.fork()
if pid == 0:
    resize(0, sizes[0])
    os.execvp(sys.argv[2], sys.argv[2:])
resize(fd, sizes.pop(0))
sizes.append('end')
seen = b''
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:  # Linux says EIO once nobody holds the other side
        break
    if not chunk:
        break
    os.write(1, chunk)
    seen += chunk
    if seen.count(HOME) >= 3 and sizes:
        seen = b''
        size = sizes.pop(0)
        if size == 'end':
            os.write(fd, CTRL_C)
        else:
            os.write(1, b'\x0c')
            resize(fd, size)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
