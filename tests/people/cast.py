"""Who plays, and by what they are known: in the stories of this folder, and for the clients in ../clients/python."""

import hashlib

# The service: the domain for programs, the account for people.
SERVICE = "itseme.localhost"
ACCOUNT = "itseme@itseme.localhost"

# Bare JIDs, and the numbers and addresses by which these people are known.
AMY, MICHAEL = "amy@localhost", "michael@localhost"
AMYS_PHONE, MICHAELS_PHONE = "+447700900123", "+447700900456"
NOBODYS_PHONE = "+447700900001"
AMYS_MAIL = "amy@example.org"


def password(name):
    """What somebody logs in with."""
    return f"{name}-password"


def hashed(provider, id):
    """What the service keeps of an identity."""
    return hashlib.sha512(f"{provider}:{id}".encode()).hexdigest()
