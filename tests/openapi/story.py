"""Michael's story, by the client that is generated from the description: he reads codes from a line of the standard input."""

import sys

from itseme_http import Client
from itseme_http.api.calls import confirm, confirm_in_path, contact, forget, register, register_in_path, verify
from itseme_http.api.documents import version
from itseme_http.models import (
    ConfirmRequest,
    ContactRequest,
    Detail,
    ErrorReply,
    ForgetRequest,
    RegisterRequest,
    RegisterStatus,
    UnverifiedReply,
    VerifyRequest,
)

base, jid, phone, contact_hash = sys.argv[1:]
client = Client(base_url=base)


def code_for(what):
    print(f"a code for {what}, please", flush=True)
    return sys.stdin.readline().strip()


def prove(provider, id):
    """Registers and verifies, with a wrong code at first."""
    reply = register.sync(client=client, body=RegisterRequest(provider=provider, id=id, target=jid))
    assert reply.status == RegisterStatus.PENDING, reply
    code = code_for(provider)
    wrong = "0000" if code != "0000" else "1111"
    refused = verify.sync(client=client, body=VerifyRequest(hash_=reply.hash_, code=wrong, target=jid))
    assert isinstance(refused, UnverifiedReply) and refused.error.code == "faulty_code", refused
    verified = verify.sync(client=client, body=VerifyRequest(hash_=reply.hash_, code=code, target=jid))
    assert verified.confirmed, verified
    return reply.hash_


assert version.sync(client=client).version
refused = register_in_path.sync("phone", phone, jid, client=client)
assert isinstance(refused, ErrorReply) and refused.error.code == "target_unconfirmed", refused

hashes = [prove("xmpp", jid), prove("phone", phone)]

details = [Detail(provider="phone", id=phone)]
asked = contact.sync(client=client, body=ContactRequest(target=jid, contact_info=details, contacts=[contact_hash]))
assert asked.status == "requests_send", asked

assert confirm.sync(client=client, body=ConfirmRequest(target=jid, hashes=hashes)).confirmed
assert not confirm_in_path.sync(contact_hash, jid, client=client).confirmed

assert forget.sync(client=client, body=ForgetRequest(target=jid)).status == "pending"
code = code_for("forgetting")
assert forget.sync(client=client, body=ForgetRequest(target=jid, code=code)).status == "forgotten"
assert not confirm_in_path.sync(hashes[1], jid, client=client).confirmed
print("the end", flush=True)
