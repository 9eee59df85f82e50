"""What the daemon and its worker processes say to each other, over a socket of their own.

Each message is a word, then frames. The daemon says `run` (the frames of a request), `cancel` (a
request id) and `stop`; a worker says `ready`, `started` (model, b"1" when interruptible) and
`answer` (the frames of an answer).
"""

RUN = b"run"
CANCEL = b"cancel"
READY = b"ready"
STARTED = b"started"
ANSWER = b"answer"

ZAP_DOMAIN = b"workers"
