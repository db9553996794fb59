"""A loopback HTTPS server for tests of published books: plays answers by path, remembers every request, and trusts itself.

Its certificate authority is made anew for each run; who sets `SSL_CERT_FILE` to it, and nobody else, trusts the server.
"""

import atexit
import hashlib
import ssl
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Reply:
    """An answer as it goes over the wire."""

    body: bytes = b""
    status: int = 200
    headers: tuple = ()


@dataclass(frozen=True)
class Ask:
    """A request as it came: the path with its query, and every header in order."""

    path: str
    headers: tuple


@dataclass(frozen=True)
class Server:
    """A running server: its address, what it was asked, and its answers by path (a `Reply`, bytes, or a function)."""

    url: str
    asked: list
    answers: dict


@contextmanager
def serving(answers):
    """Run a server on 127.0.0.1 that answers by path: bytes, a `Reply`, or a function of the handler that writes itself."""
    asked = []
    server = bound(answers, asked)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(url=server.url, asked=asked, answers=answers)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bound(answers, asked):
    """A server that does not run yet; its `url` is known."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(Ask(path=self.path, headers=tuple(self.headers.items())))
            answer = answers.get(self.path, Reply(status=404))
            if callable(answer):
                answer = answer(self)
            if answer is not None:
                send(self, Reply(body=answer) if isinstance(answer, bytes) else answer)

    server = _Server(("127.0.0.1", 0), Handler)
    server.socket = server_context().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.url = f"https://127.0.0.1:{server.server_port}"
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that leaves in the middle is what many tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def send(handler, reply):
    """Write a whole answer; a client that has left is no fault."""
    try:
        handler.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body)
    except OSError:
        handler.close_connection = True


class Folder(dict):
    """Answers for the files of a folder as they are when asked for, each with its checksum as entity tag; a test may add others."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def get(self, path, default=None):
        """What was added for that path, else its file."""
        file = self.folder / path.lstrip("/")
        return super().get(path) or (partial(_with_tag, file.read_bytes()) if file.is_file() else default)


def _with_tag(body, handler):
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    if handler.headers.get("If-None-Match") == etag:
        return Reply(status=304, headers=(("ETag", etag),))
    return Reply(body=body, headers=(("ETag", etag),))


@cache
def authority():
    """The path of the certificate of the authority, in PEM; its server's key and certificate lie beside it."""
    folder = Path(mkdtemp(prefix="planner-tls-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    root_key, root = _certificate("planner test authority", None, None)
    key, certificate = _certificate("127.0.0.1", root_key, root)
    pem = serialization.Encoding.PEM
    plain = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(key.private_bytes(*plain) + certificate.public_bytes(pem))
    (folder / "authority.pem").write_bytes(root.public_bytes(pem))
    return folder / "authority.pem"


def server_context():
    """TLS with the server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority().with_name("server.pem"))
    return context


def _certificate(name, issuer_key, issuer):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # Python from 3.13 on asks of a certificate all that RFC 5280 does: whose key signs, and for what
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()), critical=False
        )
        .add_extension(_usage(signs=issuer is None), critical=True)
    )
    if issuer is not None:
        names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())


def _usage(*, signs):
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
