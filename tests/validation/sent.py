"""What the tests' clients and the service have sent each other, held against the schemas in both directions."""

import collections

from . import forms, leniency, xsd

CLIENT = "{jabber:client}"
CONDITIONS = "urn:ietf:params:xml:ns:xmpp-stanzas"
SERVICE = "itseme.localhost"

# The codes of what is refused for its form, and XMPP's own condition for it.
OF_FORM = {"json-decode-error", "key-error", "value-error", "missing-code", "too-many-requested", "bad-request"}

# What a schema takes and the service refuses: which requests, with which codes, and what it is that only the service can know.
ONLY_THE_SERVICE_KNOWS = [
    (["register"], ["value-error"], "an id that its provider cannot have"),
    (["contact"], ["json-decode-error", "key-error", "value-error"], "what the JSON of <info/> is"),
    (["contact"], ["too-many-requested"], "how much the proven details are"),
    (["register"], ["too-many-requested"], "how many links there are"),
    (["mute"], ["too-many-requested"], "how many mutes there are"),
    (["mute", "unmute"], ["value-error"], "a JID that none can have"),
]

# What the service does not send to clients here: results of these are empty; these errors are for HTTP, for the accounts of
# other servers, and for whoever is no peer.
NOT_SENT = {"forget", "mute", "unmute", "target-unconfirmed", "domain-not-served", "not-allowed"}

# A stanza that asks the service, the elements of ours in it, and the code of the answer: "" for a result.
Request = collections.namedtuple("Request", "stanza elements code")


def domain(jid):
    return (jid or "").split("/")[0].split("@")[-1]


def code(answer):
    """The code of an error, or its condition; "" for a result."""
    error = answer.find(f"{CLIENT}error")
    if error is None:
        return ""
    found = {namespace: name for namespace, name in map(xsd.split, (child.tag for child in error)) if name != "text"}
    return found.get(f"{xsd.OURS}errors") or found[CONDITIONS]


class Sent:
    """All of it, sorted."""

    def __init__(self, stanzas):
        self.by_service, self.among_people, self.requests, self.forms = [], [], [], []
        self._waiting = {}
        for session, by_client, stanza in stanzas:
            (self._asked if by_client else self._answered)(session, stanza)

    def _asked(self, session, stanza):
        if domain(stanza.get("to")) != SERVICE:
            self.among_people.extend(xsd.payloads(stanza))
        elif any(xsd.is_ours(child) for child in stanza):
            self._waiting[session, stanza.tag, stanza.get("id")] = stanza

    def _answered(self, session, stanza):
        if domain(stanza.get("from")) != SERVICE:
            return
        self.by_service.extend(xsd.payloads(stanza))
        self.forms.extend(forms.of(stanza))
        asked = self._waiting.pop((session, stanza.tag, stanza.get("id")), None)
        if asked is None:
            return
        self.requests.append(Request(asked, [child for child in asked if xsd.is_ours(child)], code(stanza)))


def oddity(stanza, element):
    """What is wrong with the stanza around an element, if anything: schemas tell nothing of that."""
    type_ = stanza.get("type")
    if element.tag not in leniency.REQUESTS:
        return "no request"
    if stanza.tag == f"{CLIENT}message":
        # Only one operation is taken from messages, which may have other things in them.
        return None if xsd.split(element.tag)[1] == "verify" else "a request in a message"
    if type_ not in ("get", "set"):
        return "a stanza of no type"
    if len(stanza) > 1 or (stanza.text or element.tail or "").strip():
        return "two payloads, or text beside one"
    return None if leniency.REQUESTS[element.tag][0] == type_ else "get for set, or set for get"


def known_to_the_service(name, code):
    for names, codes, reason in ONLY_THE_SERVICE_KNOWS:
        if name in names and code in codes:
            return reason
    return None


class Verdict:
    """What is wrong, and counts of everything."""

    def __init__(self, sent):
        # By what it is, and where: why.
        self.wrong = {}
        self.counts = collections.defaultdict(collections.Counter)
        self._all_valid("the service sends what is not valid", sent.by_service)
        self._all_valid("people were sent what is not valid", sent.among_people)
        self._requests(sent.requests)
        self._forms(sent.forms)
        self._complete(sent)

    def _complain(self, what, where, why=()):
        self.wrong[what, where] = why

    def _all_valid(self, what, elements):
        for xml, why in xsd.faults(elements).items():
            self._complain(what, xml, why)

    def _requests(self, requests):
        plain = xsd.faults(element for request in requests for element in request.elements)
        read = [leniency.read(request.elements[0]) for request in requests]
        invalid = xsd.faults(element for element, _ in read)
        for request, (element, forgiven) in zip(requests, read):
            name, as_sent = xsd.split(element.tag)[1], xsd.written(request.elements[0])
            odd, why = oddity(request.stanza, request.elements[0]), invalid.get(xsd.written(element))
            if request.code == "":
                self.counts["answered"][name] += 1
                if odd or why:
                    self._complain("the service takes what is not valid", as_sent, [odd or "", *(why or [])])
                elif as_sent in plain:
                    self.counts["forgiven"].update(forgiven)
            elif request.code in OF_FORM or odd:
                known = odd or known_to_the_service(name, request.code)
                if why:
                    self.counts["refused, and not valid"][f"{name}: {request.code}"] += 1
                elif known:
                    self.counts["refused for what only the service can know"][f"{name}: {known}"] += 1
                else:
                    self._complain("the service refuses what is valid", as_sent, [request.code])
            else:
                self.counts["refused for another reason"][f"{name}: {request.code}"] += 1

    def _forms(self, found):
        fields = forms.listed()
        for form in found:
            self.counts["forms"][form.form_type] += 1
            for fault in form.faults(fields):
                self._complain("a form is not as it is listed", fault)
        for field in forms.unseen(found, fields):
            self._complain("the service has sent no form with it", field)

    def _complete(self, sent):
        """Whoever adds an element adds a test that sends it."""
        by_service = collections.Counter(element.tag for element in sent.by_service)
        for what, tags in [
            ("sent by the service", by_service),
            ("sent among people", collections.Counter(element.tag for element in sent.among_people)),
        ]:
            self.counts[what].update({xsd.split(tag)[1]: count for tag, count in tags.items()})
        for tag in leniency.REQUESTS:
            if xsd.split(tag)[1] not in self.counts["answered"]:
                self._complain("no client has sent it, and was answered", tag)
        for tag in xsd.declared():
            # What services send each other passes no client.
            is_of_peers = xsd.split(tag)[0] == f"{xsd.OURS}peer"
            if tag not in by_service and xsd.split(tag)[1] not in NOT_SENT and not is_of_peers:
                self._complain("the service has never sent it", tag)

    def print(self):
        for what, counts in self.counts.items():
            print(f"{what}: {sum(counts.values())}")
            for name, count in sorted(counts.items()):
                print(f"  {count:6} {name}")
        for (what, where), why in self.wrong.items():
            print(f"{what}: {where[:1000]}", *(f"    {line[:300]}" for line in why if line), sep="\n")
