//! All integration tests, in one program: it is linked once, and its tests hand servers on to each other.

mod each_server;
mod once;
