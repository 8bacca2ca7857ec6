"""An SMSC by smpp.twisted3, the stack of Jasmin. Prints a line of JSON for each message that it gets, and its own log."""

import json
import logging
import sys

from smpp.pdu.pdu_types import CommandStatus
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory
from twisted.cred import error
from twisted.internet import reactor

USER, PASSWORD = sys.argv[1:]


class Portal:
    def login(self, credentials, _mind, interface):
        if (credentials.username, credentials.password) != (USER, PASSWORD):
            raise error.UnauthorizedLogin()
        return interface, None, lambda: None


def submitted(_system_id, _session, pdu):
    params = pdu.params
    octets = params["short_message"]
    line = {
        "command": pdu.id.name,
        "to": "+" + params["destination_addr"].decode(),
        "text": octets.decode("latin-1"),
        "from": f"{params['source_addr'].decode()} {params['source_addr_ton'].name}/{params['source_addr_npi'].name}",
        "coding": str(params["data_coding"].schemeData),
    }
    print(json.dumps(line), flush=True)
    return DataHandlerResponse(status=CommandStatus.ESME_ROK, message_id="1")


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
config = SMPPServerConfig(msgHandler=submitted, systems={USER: {"max_bindings": 1}})
port = reactor.listenTCP(0, SMPPServerFactory(config, Portal()), interface="127.0.0.1")
print(f"listening on 127.0.0.1:{port.getHost().port}", flush=True)
reactor.run()
