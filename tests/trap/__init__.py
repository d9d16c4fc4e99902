"""The trap: nothing goes to a paid API unasked, by any door; `make trap` runs it.

Each door (a library and a way to use it) asks every host, path and kind of body, in each mode, in a network namespace of
its own: a DNS and TLS listener there logs every name, connection, request and credential that comes out.
"""
