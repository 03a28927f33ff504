//! The emulator in this process, over real sockets. Each module is named by the promise it keeps.

mod control_commands_the_device;
mod control_emits_exactly;
mod control_expects;
mod control_guards_its_door;
mod control_streams;
mod support;
