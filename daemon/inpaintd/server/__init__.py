"""The daemon: sockets, the job state machine, the journal."""
