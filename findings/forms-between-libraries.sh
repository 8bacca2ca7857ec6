#!/usr/bin/env bash
# Forms that slixmpp 1.17.0 writes are refused as a whole by xmpp-parsers 0.23, and its tables arrive empty.
#
# Software:  slixmpp 1.17.0 (PyPI) writes, xmpp-parsers 0.23.0 (crates.io; this service, its reference client and XMPP clients
#            in Rust are built on it) reads.
# Guess:     two maintained libraries understand each other's data forms, which are of 2003.
# Observed:  1. XEP-0004 allows several <instructions/>, and slixmpp makes one of each line that it is given. xmpp-parsers
#               refuses a form with more than one.
#            2. XEP-0004 lets fields of type "fixed" be without a `var`. When a form that was received is turned into the
#               answer (form['type'] = 'submit'), slixmpp takes the types off and leaves the fixed field in: a field with
#               neither `var` nor `type`, for which xmpp-parsers refuses the answer, whatever else was filled in.
#            3. A result with <reported/> and <item/>s is read by xmpp-parsers without an error, as a form with no fields.
# Matters:   a service that gives its explanations as several <instructions/> or as a fixed field shows Rust clients no form,
#            or cannot be answered by slixmpp's. Lists as tables are lost as well. So: one <instructions/> (with line breaks),
#            no fixed fields, lists as plain fields.
# Source:    XEP-0004, sections 3.1 to 3.4 and its schema (instructions: 0 to unbounded).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages slixmpp==1.17.0
rust_package read 'xmpp-parsers = "=0.23.0"'
cat >"$folder/read/src/main.rs" <<'RUST'
//! Prints what becomes of each form, one a line with a name and a tab before it.
use xmpp_parsers::{data_forms::DataForm, minidom::Element};

fn main() {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (name, form) = line.split_once('\t').expect("a tab");
        match DataForm::try_from(form.parse::<Element>().expect("XML")) {
            Ok(form) => println!("{name}: read, {} fields", form.fields.len()),
            Err(error) => println!("{name}: refused, {error}"),
        }
    }
}
RUST
build_rust read

"$python" -W ignore - <<'PY' >"$folder/forms"
import slixmpp
from slixmpp.xmlstream import ET

client = slixmpp.ClientXMPP("amy@example.org", "secret")
client.register_plugin("xep_0004")
forms = client.plugin["xep_0004"]

def show(name, form):
    print(name, str(form).replace("\n", "&#10;"), sep="\t")

for name, instructions in (("one line", "Your number."), ("two lines", "Your number.\nWith its country code.")):
    form = forms.make_form(title="Link", instructions=instructions)
    form.add_field(var="id", ftype="text-single", label="Number")
    show(name, form)

def answer(fixed):
    received = f"<x xmlns='jabber:x:data' type='form'>{fixed}<field var='id' type='text-single'/></x>"
    form = forms.stanza.Form(xml=ET.fromstring(received))
    form["type"] = "submit"
    form["values"] = {"id": "+44 7700 900123"}
    return form

show("answer", answer(""))
show("answer to a form with a fixed field", answer("<field type='fixed'><value>Your number.</value></field>"))
table = forms.make_form(ftype="result", title="Links")
table.add_reported("link", label="Link")
table.add_item({"link": "+44 7700 900123"})
table.add_item({"link": "amy@example.org"})
show("table", table)
PY
cat "$folder/forms"
echo
"$folder/read/target/debug/read" <"$folder/forms" | tee "$folder/says"

expect "one line of instructions is read" grep -qx 'one line: read, 1 fields' "$folder/says"
expect "two are not" grep -q '^two lines: refused' "$folder/says"
expect "an answer is read" grep -qx 'answer: read, 1 fields' "$folder/says"
expect "not when the form had a fixed field" grep -q '^answer to a form with a fixed field: refused' "$folder/says"
expect "a table is empty" grep -qx 'table: read, 0 fields' "$folder/says"
