//! Programs on a terminal, which is a pseudo-terminal of the system.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Which of a program's streams is a terminal.
#[derive(Clone, Copy)]
#[allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of this"
)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// Runs a program to its end; its exit code and what it wrote to the terminal.
pub(crate) fn run(mut command: Command, stream: Stream) -> (Option<i32>, String) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
    grantpt(&near).expect("it is ours");
    unlockpt(&near).expect("it is ours");
    let name = ptsname(&near, Vec::new()).expect("it has a name");
    let far = OpenOptions::new()
        .read(true)
        .write(true)
        // It does not become the terminal of the test.
        .custom_flags(OFlags::NOCTTY.bits() as i32)
        .open(OsStr::from_bytes(name.to_bytes()))
        .expect("the other end can be opened");
    command.stdin(Stdio::null());
    match stream {
        Stream::Output => command.stdout(far),
        Stream::Error => command.stderr(far),
    };
    let mut child = command.spawn().expect("the program starts");
    // It holds the other end, too.
    drop(command);
    let mut said = Vec::new();
    let mut near = File::from(near);
    let mut bytes = [0; 4096];
    // Reading fails once nobody has the other end any more.
    while let Ok(read @ 1..) = near.read(&mut bytes) {
        said.extend(&bytes[..read]);
    }
    let status = child.wait().expect("the child can be waited for");
    let said = String::from_utf8(said).expect("it writes text");
    (status.code(), said.replace("\r\n", "\n"))
}
