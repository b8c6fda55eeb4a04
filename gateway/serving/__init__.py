"""The HTTP server: uvicorn with httptools, and a protocol that bears slow, greedy and odd senders.

uvicorn knows no deadline for a request's head and body, no cap on them, and answers text. What is missing is added
here; tests on raw sockets hold it against the installed version.
"""

from gateway.serving.server import Server, create_server, listen

__all__ = ["Server", "create_server", "listen"]
