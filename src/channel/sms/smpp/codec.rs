//! The commands of a connection, each in a frame that begins with its length (SMPP 3.4, 3.2).

use std::io;

use bytes::BytesMut;
use rusmpp::Command;
use rusmpp::tokio_codec::{CommandCodec, EncodeError};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

/// The longest command of the SMSC. A report has less than 1 KB.
const LONGEST: usize = 64 * 1024;
/// The octets of a header, the first four of which are the length.
const HEADER: u8 = 16;

/// Reads and writes commands. One whose body cannot be read comes without it: it has to be answered nevertheless, and nothing is wrong
/// with the next one.
pub struct Codec(LengthDelimitedCodec);

impl Codec {
    /// Begins a connection.
    pub fn new() -> Self {
        let frames = LengthDelimitedCodec::builder()
            .length_field_length(4)
            .num_skip(0)
            .max_frame_length(LONGEST)
            .new_codec();
        Self(frames)
    }
}

impl Decoder for Codec {
    type Item = Command;
    type Error = io::Error;

    fn decode(&mut self, octets: &mut BytesMut) -> io::Result<Option<Command>> {
        let Some(mut frame) = self.0.decode(octets)? else {
            return Ok(None);
        };
        let short = || io::Error::from(io::ErrorKind::InvalidData);
        let rest = frame.get(4..usize::from(HEADER)).ok_or_else(short)?;
        let mut header = BytesMut::from(&[&u32::from(HEADER).to_be_bytes(), rest].concat()[..]);
        let mut codec = CommandCodec::new().without_max_length();
        let command = codec.decode(&mut frame).or_else(|_unclear| codec.decode(&mut header));
        command.map_err(io::Error::other)
    }
}

impl Encoder<Command> for Codec {
    type Error = EncodeError;

    fn encode(&mut self, command: Command, octets: &mut BytesMut) -> Result<(), EncodeError> {
        CommandCodec::new().encode(command, octets)
    }
}
