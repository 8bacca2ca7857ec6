//! Ad-hoc commands (XEP-0050): the same operations for people, as menus and forms of any client.
//!
//! A command is a stack of steps, each a form. Submitting one leads to the next or to the end; `prev` goes back.

mod admin;
mod check;
mod forget;
mod introduce;
mod link;
mod links;
mod mute;
mod sessions;
mod suppress;
mod unmute;
mod wire;

use futures::future::BoxFuture;
use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::oob::Oob;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

pub use self::sessions::Sessions;
use self::sessions::{FoundSession, SessionKey};
use self::wire::{Action, Actions, Bad, CommandReply, CommandRequest, CommandStatus, Note, NoteType};
use crate::language::Language;
use crate::service::Result;
use crate::xmpp::people::form::Answers;
use crate::xmpp::protocol::answer::Answer;
use crate::xmpp::protocol::error::{plain, stanza_error};
use crate::xmpp::protocol::host::Asker;

/// One form of a command.
pub trait Step: Send + Sync {
    /// The form.
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>>;

    /// Handles the filled-in form and returns the next step. An error is shown with the form, to be tried again.
    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>>;

    /// Returns `true` if the command ends with it.
    fn is_last(&self) -> bool {
        true
    }
}

/// The next step.
pub enum Next {
    /// Another form.
    Step(Box<dyn Step>),
    /// The end, with words and perhaps a form of results.
    Done(String, Option<DataForm>),
    /// The command ends at this URL.
    Goto(String),
}

/// A command that can be executed.
pub struct AdHocCommand {
    /// Its name on the wire.
    pub node: &'static str,
    name: fn(Language) -> String,
    admins_only: bool,
    begin: for<'a> fn(&'a Asker) -> BoxFuture<'a, Result<Next>>,
}

const COMMANDS: [AdHocCommand; 11] = [
    AdHocCommand {
        node: "link",
        name: Language::command_link,
        admins_only: false,
        begin: link::begin,
    },
    AdHocCommand {
        node: "links",
        name: Language::command_links,
        admins_only: false,
        begin: links::begin,
    },
    AdHocCommand {
        node: "forget",
        name: Language::command_forget,
        admins_only: false,
        begin: forget::begin,
    },
    AdHocCommand {
        node: "check",
        name: Language::command_check,
        admins_only: false,
        begin: check::begin,
    },
    AdHocCommand {
        node: "introduce",
        name: Language::command_introduce,
        admins_only: false,
        begin: introduce::begin,
    },
    AdHocCommand {
        node: "mute",
        name: Language::command_mute,
        admins_only: false,
        begin: mute::begin,
    },
    AdHocCommand {
        node: "unmute",
        name: Language::command_unmute,
        admins_only: false,
        begin: unmute::begin,
    },
    AdHocCommand {
        node: "statistics",
        name: Language::command_statistics,
        admins_only: true,
        begin: admin::statistics,
    },
    AdHocCommand {
        node: "forget-jid",
        name: Language::command_forget_jid,
        admins_only: true,
        begin: admin::forget_jid,
    },
    AdHocCommand {
        node: "suppress",
        name: Language::command_suppress,
        admins_only: true,
        begin: suppress::suppress,
    },
    AdHocCommand {
        node: "unsuppress",
        name: Language::command_unsuppress,
        admins_only: true,
        begin: suppress::unsuppress,
    },
];

impl AdHocCommand {
    /// Returns its name in a menu.
    pub fn name(&self, words: Language) -> String {
        (self.name)(words)
    }

    /// The commands that the asker may execute.
    pub fn all(asker: &Asker) -> impl Iterator<Item = &'static Self> {
        let is_admin = asker.service.is_admin(&asker.bare);
        COMMANDS.iter().filter(move |command| is_admin || !command.admins_only)
    }

    /// The command of that node, if the asker may execute it.
    pub fn find(asker: &Asker, node: &str) -> Option<&'static Self> {
        Self::all(asker).find(|command| command.node == node)
    }
}

/// The answer to a `<command/>` of an IQ set.
pub async fn answer(sessions: &Sessions, asker: &Asker, payload: Element) -> Answer {
    let words = asker.words();
    let request = CommandRequest::try_from(payload).map_err(|_| Bad::Payload.error(words, words.command_bad_form()))?;
    let asker = &asker.hearing(request.lang.as_deref().unwrap_or_default());
    let command = AdHocCommand::find(asker, &request.node).ok_or_else(|| unknown(&request.node, asker.words()))?;
    let reply = match &request.sessionid {
        None => begin(command, sessions, asker, &request).await?,
        Some(id) => {
            let key = (asker.jid.clone(), id.clone());
            go_on(command, sessions, asker, key, request).await?
        }
    };
    Ok(Some(reply.into()))
}

fn unknown(node: &str, words: Language) -> StanzaError {
    let is_admins = COMMANDS.iter().any(|command| command.node == node);
    match is_admins {
        true => plain(
            words,
            ErrorType::Auth,
            DefinedCondition::Forbidden,
            words.command_admins_only(),
        ),
        false => plain(
            words,
            ErrorType::Cancel,
            DefinedCondition::ItemNotFound,
            words.stanza_no_node(),
        ),
    }
}

async fn begin(
    command: &'static AdHocCommand,
    sessions: &Sessions,
    asker: &Asker,
    request: &CommandRequest,
) -> std::result::Result<CommandReply, StanzaError> {
    let words = asker.words();
    match Action::of(request.action.as_deref(), words)? {
        Action::Execute => {}
        _ => return Err(Bad::Action.error(words, words.command_unknown_action())),
    }
    let next = (command.begin)(asker).await;
    let key = (asker.jid.clone(), crate::xmpp::connection::outgoing::random_id());
    match next.map_err(|error| stanza_error(&error, words))? {
        Next::Done(text, form) => Ok(done(command, asker, key.1, text, form)),
        Next::Goto(url) => Ok(goto(command, asker, key.1, url)),
        Next::Step(step) => {
            let session = sessions::FormSession {
                command: command.node,
                steps: vec![step],
            };
            let reply = show(command, asker, &key, &session, None).await?;
            sessions.put(&key, session, asker.service.clock().now());
            Ok(reply)
        }
    }
}

async fn go_on(
    command: &'static AdHocCommand,
    sessions: &Sessions,
    asker: &Asker,
    key: SessionKey,
    request: CommandRequest,
) -> std::result::Result<CommandReply, StanzaError> {
    let words = asker.words();
    let now = asker.service.clock().now();
    // While it is being worked on, nobody else has it.
    let mut session = match sessions.take(&key, now) {
        FoundSession::Open(session) => session,
        FoundSession::Expired => return Err(Bad::Expired.error(words, words.command_expired())),
        FoundSession::Nothing => return Err(Bad::SessionId.error(words, words.command_bad_session())),
    };
    let reply = match session.command == command.node {
        true => session.advance(command, asker, &key, request).await,
        false => Err(Bad::SessionId.error(words, words.command_bad_session())),
    };
    // After an error, the form can be submitted again.
    if !matches!(&reply, Ok(reply) if reply.status != CommandStatus::Executing) {
        sessions.put(&key, session, now);
    }
    reply
}

impl sessions::FormSession {
    /// Does what the request asks for.
    async fn advance(
        &mut self,
        command: &AdHocCommand,
        asker: &Asker,
        key: &SessionKey,
        request: CommandRequest,
    ) -> std::result::Result<CommandReply, StanzaError> {
        let words = asker.words();
        let refuse = |bad: Bad, text| Err(bad.error(words, text));
        let is_last = self.steps.last().is_none_or(|step| step.is_last());
        match Action::of(request.action.as_deref(), words)? {
            Action::Cancel => Ok(CommandReply::new(
                command.node,
                key.1.clone(),
                CommandStatus::Canceled,
                words,
            )),
            Action::Prev if self.steps.len() > 1 => {
                self.steps.pop();
                show(command, asker, key, self, None).await
            }
            Action::Complete if !is_last => refuse(Bad::Action, words.command_unknown_action()),
            Action::Prev => refuse(Bad::Action, words.command_unknown_action()),
            // Also `next` at the last form: some clients know no other action.
            Action::Execute | Action::Next | Action::Complete => self.submit(command, asker, key, request.form()).await,
        }
    }

    async fn submit(
        &mut self,
        command: &AdHocCommand,
        asker: &Asker,
        key: &SessionKey,
        form: Option<DataForm>,
    ) -> std::result::Result<CommandReply, StanzaError> {
        let words = asker.words();
        let malformed = || Bad::Payload.error(words, words.command_bad_form());
        let form = form
            .filter(|form| form.type_ == DataFormType::Submit)
            .ok_or_else(malformed)?;
        let step = self.steps.last_mut().ok_or_else(malformed)?;
        let answers = Answers::of(form);
        let asked = step.form(asker).await.map_err(|error| stanza_error(&error, words))?;
        if let Some(label) = answers.missing(&asked.fields) {
            let complaint = Complaint {
                text: words.command_missing_field(label),
                answers,
            };
            return show(command, asker, key, self, Some(complaint)).await;
        }
        match step.submit(asker, answers.clone()).await {
            Ok(Next::Done(text, form)) => Ok(done(command, asker, key.1.clone(), text, form)),
            Ok(Next::Goto(url)) => Ok(goto(command, asker, key.1.clone(), url)),
            Ok(Next::Step(next)) => {
                self.steps.push(next);
                show(command, asker, key, self, None).await
            }
            Err(error) => {
                let text = error.text(words);
                show(command, asker, key, self, Some(Complaint { text, answers })).await
            }
        }
    }
}

/// The fault of a form that was filled in.
struct Complaint {
    text: String,
    answers: Answers,
}

impl Complaint {
    /// Returns the form to be filled in once more, with the former answers. The fault stands in the instructions
    /// because some clients show no notes (converse.js 14, Psi+ 1.4).
    fn in_form(&self, form: DataForm) -> DataForm {
        let instructions = [Some(self.text.clone()), form.instructions];
        DataForm {
            instructions: Some(instructions.into_iter().flatten().collect::<Vec<_>>().join("\n\n")),
            fields: form
                .fields
                .into_iter()
                .map(|field| self.answers.filled_in(field))
                .collect(),
            ..form
        }
    }
}

/// Returns the form of the current step, with the complaint.
async fn show(
    command: &AdHocCommand,
    asker: &Asker,
    key: &SessionKey,
    session: &sessions::FormSession,
    complaint: Option<Complaint>,
) -> std::result::Result<CommandReply, StanzaError> {
    let words = asker.words();
    let mut reply = CommandReply::new(command.node, key.1.clone(), CommandStatus::Executing, words);
    if let Some(step) = session.steps.last() {
        let form = step.form(asker).await;
        let form = form.map_err(|error| stanza_error(&error, words))?;
        reply.form = Some(match &complaint {
            Some(complaint) => complaint.in_form(form),
            None => form,
        });
        reply.actions = Some(Actions::new(session.steps.len() > 1, step.is_last()));
    }
    reply.note = complaint.map(|complaint| Note {
        type_: NoteType::Error,
        text: complaint.text,
    });
    Ok(reply)
}

/// The words also stand in a form, because some clients show no notes.
fn done(command: &AdHocCommand, asker: &Asker, session: String, text: String, form: Option<DataForm>) -> CommandReply {
    let form = form.unwrap_or_else(|| DataForm {
        title: Some(command.name(asker.words())),
        ..DataForm::new(
            DataFormType::Result_,
            &format!("it-se.me:commands:{}", command.node),
            Vec::new(),
        )
    });
    CommandReply {
        form: Some(DataForm {
            instructions: form.instructions.or_else(|| Some(text.clone())),
            ..form
        }),
        note: Some(Note {
            type_: NoteType::Info,
            text,
        }),
        ..CommandReply::new(command.node, session, CommandStatus::Completed, asker.words())
    }
}

/// The URL also stands in the note: not every client shows out-of-band data (XEP-0066).
fn goto(command: &AdHocCommand, asker: &Asker, session: String, url: String) -> CommandReply {
    let text = asker.words().link_goto(&url);
    CommandReply {
        oob: Some(Oob { url, desc: None }),
        ..done(command, asker, session, text, None)
    }
}

#[cfg(test)]
mod tests;
