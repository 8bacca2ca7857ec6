#!/usr/bin/env bash
# vonage 4.9.1 orders one text message up to ten times when the gateway's answer is lost.
#
# Software:  vonage 4.9.1 with vonage-http-client 1.5.2 and vonage-sms 1.2.0 (PyPI).
# Guess:     `sms.send` is a POST that costs money, so it is tried once, and a connection that ends without an answer is an
#            exception at once. Where libraries repeat requests, they leave POST out (urllib3's Retry does).
# Observed:  when the other side reads the whole request and closes the connection without an answer (a restart, a proxy's
#            time limit), the client sends the same order again, without a pause, ten times in all, and raises only then. The
#            description of `send` does not mention it; that of the general `make_request` does.
# Matters:   each of the ten is a text message that the person gets and the operator pays, from one call, past every limit
#            on codes in a day. Whoever puts this SDK behind the service's gateway, or learns from it, has to know; a
#            service's own retry has to be after a pause, and count.
# Source:    vonage_http_client.http_client.HttpClient.make_request.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages vonage==4.9.1 vonage-http-client==1.5.2 vonage-sms==1.2.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>"$folder/openssl.log"
REQUESTS_CA_BUNDLE=$folder/certificate.pem "$python" - "$folder" <<'PY' | tee "$folder/says"
import socket, ssl, sys, threading
from vonage import Auth, HttpClientOptions, Vonage
from vonage_sms import SmsMessage

folder = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
gateway = socket.create_server(("127.0.0.1", 0))
orders = []

def take_orders():
    """Reads each request to its end, and closes."""
    while True:
        connection = context.wrap_socket(gateway.accept()[0], server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, body = request.split(b"\r\n\r\n", 1)
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        orders.append(body)
        connection.close()

threading.Thread(target=take_orders, daemon=True).start()
options = HttpClientOptions(rest_host=f"localhost:{gateway.getsockname()[1]}")
client = Vonage(Auth(api_key="key", api_secret="secret"), options)
try:
    client.sms.send(SmsMessage(to="447700900123", from_="itseme", text="It-se, you? Verify with: 3991"))
except Exception as error:
    print("raised:", type(error).__name__)
print("orders:", len(orders), "different:", len(set(orders)))
PY

expect "one call, ten orders of the same text" grep -qx 'orders: 10 different: 1' "$folder/says"
