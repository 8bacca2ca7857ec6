// An SMSC by node-smpp, which keeps no message. Prints a line of JSON for each command that it gets, apart from passwords.
// Reads wishes from stdin, a line of JSON each, and answers "obeyed" and their number:
//   status        answers this to messages; 0: takes them
//   cut           closes the connection instead of answering a message
//   receipt       reports this state of each message that it takes; "": nothing
//   transceivers  false: knows only the old binds, for one direction
//   unbind        ends all sessions
// With KEY and CERTIFICATE, it speaks TLS.
const fs = require("fs");
const readline = require("readline");
const smpp = require("smpp");

const [user, password, key, certificate] = process.argv.slice(2);
const wishes = { status: 0, cut: false, receipt: "", transceivers: true };
let messages = 0;
let obeyed = 0;

const say = (line) => console.log(JSON.stringify(line));

function bound(session, pdu) {
  const { system_id, interface_version, system_type } = pdu;
  say({ command: pdu.command, system_id, interface_version, system_type });
  let command_status = smpp.ESME_ROK;
  if (pdu.command === "bind_transceiver" && !wishes.transceivers) command_status = smpp.ESME_RINVCMDID;
  else if (system_id !== user) command_status = smpp.ESME_RINVSYSID;
  else if (pdu.password !== password) command_status = smpp.ESME_RINVPASWD;
  session.isBound = command_status === smpp.ESME_ROK;
  session.send(pdu.response({ command_status, system_id: "node-smpp" }));
}

function submitted(session, pdu) {
  const { source_addr, source_addr_ton, source_addr_npi, destination_addr, dest_addr_ton, dest_addr_npi } = pdu;
  const { esm_class, data_coding, registered_delivery } = pdu;
  say({
    command: pdu.command,
    to: `+${destination_addr}`,
    text: pdu.short_message.message,
    from: `${source_addr} ${source_addr_ton}/${source_addr_npi}`,
    dest: `${dest_addr_ton}/${dest_addr_npi}`,
    esm_class,
    data_coding,
    registered_delivery,
  });
  if (wishes.cut) return session.destroy();
  if (!session.isBound || wishes.status) {
    return session.send(pdu.response({ command_status: session.isBound ? wishes.status : smpp.ESME_RINVBNDSTS }));
  }
  const message_id = `m${++messages}`;
  session.send(pdu.response({ message_id }));
  if (wishes.receipt && registered_delivery) {
    session.deliver_sm({
      source_addr: destination_addr,
      destination_addr: source_addr,
      esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
      short_message: `id:${message_id} sub:001 dlvrd:000 submit date:2611300601 done date:2611300602 stat:${wishes.receipt} err:001 text:It-se`,
    });
  }
}

function served(session) {
  session.on("pdu", (pdu) => {
    if (pdu.command.startsWith("bind_") && !pdu.isResponse()) return bound(session, pdu);
    if (pdu.command === "submit_sm") return submitted(session, pdu);
    say({ command: pdu.command, status: pdu.command_status });
    if (pdu.command === "enquire_link") session.send(pdu.response());
    if (pdu.command === "unbind") session.send(pdu.response(), () => session.close());
    if (pdu.command === "unbind_resp") session.close();
  });
  session.on("error", (error) => say({ error: error.message }));
  session.on("close", () => say({ closed: true }));
}

const tls = key && { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) };
const server = smpp.createServer(tls || {}, served);
server.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const wish = JSON.parse(line);
  if (wish.unbind) server.sessions.forEach((session) => session.unbind());
  Object.assign(wishes, wish);
  console.log(`obeyed ${++obeyed}`);
});
