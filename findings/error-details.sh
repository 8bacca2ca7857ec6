#!/usr/bin/env bash
# Three of four client libraries throw away the part of a stanza error that says what to do.
#
# Software:  stanza 12.22.1 and @xmpp/middleware 0.14.0 (npm), slixmpp 1.17.0 and aioxmpp 0.13.3 (PyPI).
# Guess:     RFC 6120 has an application-specific condition in errors, so the exception that a library raises holds it;
#            slixmpp's IqError even has `extension`, `extension_ns` and `extension_args`, aioxmpp's XMPPWaitError
#            `application_defined_condition`.
# Observed:  slixmpp leaves the three empty for every error that comes in (they are for errors that are raised to be sent);
#            the element is only in error.iq.xml. aioxmpp's is None, stanza's object has no trace of it, unless the client
#            has declared a class or definition for that very element beforehand: then it is too late for a new code.
#            @xmpp hands it over, attributes included.
# Matters:   a resource-constraint without <request-limit-reached seconds='29' limit='resend'/> says "wait", and neither
#            for how long nor for what. A good text beside the condition is what three of four show.
# Source:    RFC 6120, 8.3.4.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages stanza@12.22.1 @xmpp/middleware@0.14.0 ltx@3.1.2
python_packages slixmpp==1.17.0 aioxmpp==0.13.3 pytz==2026.6 setuptools==65.5.0
cat >"$folder/error.xml" <<'XML'
<iq xmlns='jabber:client' type='error' id='1' from='itseme.example.org' to='amy@example.org/phone'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Wait before you ask for another code.</text><request-limit-reached xmlns='it-se.me:errors' seconds='29' limit='resend'/></error></iq>
XML
cat >"$folder/read.mjs" <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import StanzaError from "@xmpp/middleware/lib/StanzaError.js";

const require = createRequire(import.meta.url);
const ltx = require("ltx");
const text = readFileSync(process.argv[2], "utf8").trim();
const { Registry, parse } = require("stanza/jxt");
const registry = new Registry();
registry.define(require("stanza/protocol").default);
const answer = registry.import(parse(text), { lang: "en" });
console.log("stanza", answer.error.condition, JSON.stringify(answer).includes("29") ? "has the seconds" : "has no seconds");
const error = StanzaError.fromElement(ltx.parse(text).getChild("error"));
console.log("@xmpp", error.condition, error.application?.attrs.seconds === "29" ? "has the seconds" : "has no seconds");
JS
cat >"$folder/read.py" <<'PY'
import sys
import aioxmpp
import aioxmpp.xml
import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.stanza import Iq
from slixmpp.xmlstream import ET

path = sys.argv[1]
client = slixmpp.ClientXMPP("amy@example.org", "secret")
error = IqError(Iq(stream=client, xml=ET.parse(path).getroot()))
print("slixmpp", error.condition, "has", error.extension, error.extension_ns, error.extension_args)
iq = aioxmpp.xml.read_single_xso(open(path, "rb"), aioxmpp.IQ)
error = iq.error.to_exception()
print("aioxmpp", iq.error.condition.value[1], "has", error.application_defined_condition)
PY
{
  node "$folder/read.mjs" "$folder/error.xml"
  "$python" -W ignore "$folder/read.py" "$folder/error.xml"
} | tee "$folder/says"

expect "stanza drops it" grep -qx 'stanza resource-constraint has no seconds' "$folder/says"
expect "@xmpp has it" grep -qx '@xmpp resource-constraint has the seconds' "$folder/says"
expect "slixmpp leaves its fields empty" grep -qx 'slixmpp resource-constraint has None None {}' "$folder/says"
expect "aioxmpp has None" grep -qx 'aioxmpp resource-constraint has None' "$folder/says"
