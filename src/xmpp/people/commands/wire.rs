//! `<command/>` as it comes and goes (XEP-0050, 2 and 4).

use minidom::Element;
use xmpp_parsers::data_forms::DataForm;
use xmpp_parsers::ns::DATA_FORMS;
use xmpp_parsers::oob::Oob;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use xso::{AsXml, FromXml};

use crate::language::Language;
use crate::xmpp::people::form::submitted;
use crate::xmpp::protocol::error::plain;
use crate::xmpp::protocol::ns;

/// A request of a client.
#[derive(FromXml, AsXml, Debug)]
#[xml(namespace = ns::COMMANDS, name = "command")]
pub struct CommandRequest {
    /// The node of the command.
    #[xml(attribute)]
    pub node: String,
    /// The session; `None` begins one.
    #[xml(attribute(default))]
    pub sessionid: Option<String>,
    /// The action.
    #[xml(attribute(default))]
    pub action: Option<String>,
    /// In which language.
    #[xml(lang(default))]
    pub lang: Option<String>,
    /// The filled-in form, and anything else.
    #[xml(element(n = ..))]
    pub payload: Vec<Element>,
}

impl CommandRequest {
    /// Returns the filled-in form, if it can be read.
    pub fn form(&self) -> Option<DataForm> {
        let form = self.payload.iter().find(|child| child.is("x", DATA_FORMS));
        form.and_then(|form| submitted(form).ok())
    }
}

/// An action of a client on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin; later, what the form's default is.
    Execute,
    /// Give up.
    Cancel,
    /// One form back.
    Prev,
    /// One form on.
    Next,
    /// The last form is filled in.
    Complete,
}

impl Action {
    /// The action of that name; `execute` without one.
    pub fn of(name: Option<&str>, words: Language) -> Result<Self, StanzaError> {
        match name {
            None | Some("" | "execute") => Ok(Self::Execute),
            Some("cancel") => Ok(Self::Cancel),
            Some("prev") => Ok(Self::Prev),
            Some("next") => Ok(Self::Next),
            Some("complete") => Ok(Self::Complete),
            Some(_) => Err(Bad::MalformedAction.error(words, words.command_malformed_action())),
        }
    }
}

/// The errors of the XEP (4.5).
#[derive(Clone, Copy, Debug)]
pub enum Bad {
    /// There is no such action.
    MalformedAction,
    /// It is not possible now.
    Action,
    /// The form does not fit.
    Payload,
    /// There is no such session.
    SessionId,
    /// There was one.
    Expired,
}

impl Bad {
    /// As a stanza error.
    pub fn error(self, words: Language, text: String) -> StanzaError {
        use DefinedCondition::{BadRequest, NotAllowed};
        let (type_, condition, name) = match self {
            Self::MalformedAction => (ErrorType::Modify, BadRequest, "malformed-action"),
            Self::Action => (ErrorType::Modify, BadRequest, "bad-action"),
            Self::Payload => (ErrorType::Modify, BadRequest, "bad-payload"),
            Self::SessionId => (ErrorType::Modify, BadRequest, "bad-sessionid"),
            Self::Expired => (ErrorType::Cancel, NotAllowed, "session-expired"),
        };
        StanzaError {
            other: Some(Element::bare(name, ns::COMMANDS)),
            ..plain(words, type_, condition, text)
        }
    }
}

/// The state of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandStatus {
    /// A form is to be filled in.
    Executing,
    /// It is done.
    Completed,
    /// It was given up.
    Canceled,
}

impl xso::AsXmlText for CommandStatus {
    fn as_xml_text(&self) -> Result<std::borrow::Cow<'_, str>, xso::error::Error> {
        Ok(match self {
            Self::Executing => "executing".into(),
            Self::Completed => "completed".into(),
            Self::Canceled => "canceled".into(),
        })
    }
}

/// An answer of the service.
#[derive(AsXml, Debug)]
#[xml(namespace = ns::COMMANDS, name = "command")]
pub struct CommandReply {
    /// The node of the command.
    #[xml(attribute)]
    pub node: String,
    /// The session.
    #[xml(attribute)]
    pub sessionid: String,
    /// The state.
    #[xml(attribute)]
    pub status: CommandStatus,
    /// The language of form and note.
    #[xml(lang)]
    pub lang: Option<String>,
    /// The possible actions on the form.
    #[xml(child(default))]
    pub actions: Option<Actions>,
    /// The form.
    #[xml(child(default))]
    pub form: Option<DataForm>,
    /// The address where it continues (XEP-0066).
    #[xml(child(default))]
    pub oob: Option<Oob>,
    /// The note about it.
    #[xml(child(default))]
    pub note: Option<Note>,
}

impl CommandReply {
    /// With neither form nor note.
    pub fn new(node: &str, sessionid: String, status: CommandStatus, words: Language) -> Self {
        Self {
            node: node.into(),
            sessionid,
            status,
            lang: Some(words.tag().into()),
            actions: None,
            form: None,
            oob: None,
            note: None,
        }
    }
}

/// The possible actions on a form.
#[derive(AsXml, Debug)]
#[xml(namespace = ns::COMMANDS, name = "actions")]
pub struct Actions {
    #[xml(attribute)]
    execute: String,
    #[xml(flag)]
    prev: bool,
    #[xml(flag)]
    next: bool,
    #[xml(flag)]
    complete: bool,
}

impl Actions {
    /// One goes on from a form, or completes the command with it.
    pub fn new(prev: bool, is_last: bool) -> Self {
        Self {
            execute: if is_last { "complete" } else { "next" }.into(),
            prev,
            next: !is_last,
            complete: is_last,
        }
    }
}

/// The severity of a note.
#[derive(Clone, Copy, Debug)]
pub enum NoteType {
    /// Good to know.
    Info,
    /// Something did not work.
    Error,
}

impl xso::AsXmlText for NoteType {
    fn as_xml_text(&self) -> Result<std::borrow::Cow<'_, str>, xso::error::Error> {
        Ok(match self {
            Self::Info => "info".into(),
            Self::Error => "error".into(),
        })
    }
}

/// Words about a form.
#[derive(AsXml, Debug)]
#[xml(namespace = ns::COMMANDS, name = "note")]
pub struct Note {
    /// The severity.
    #[xml(attribute = "type")]
    pub type_: NoteType,
    /// The words.
    #[xml(text)]
    pub text: String,
}
