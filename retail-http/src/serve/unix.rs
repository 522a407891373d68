//! The file of a Unix socket.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process;

/// The file of a socket that this process listens on. Dropping it removes the file, if it is still the same.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    id: Id,
}

/// Device and inode.
type Id = (u64, u64);

impl SocketFile {
    /// Listens at `path`; see [`Listener::bind_unix`](super::Listener::bind_unix).
    pub(super) fn bind(path: &Path) -> io::Result<(Self, UnixListener)> {
        // In a folder that is nobody else's, so that nobody can connect before the mode is set.
        let workshop = Workshop::beside(path)?;
        let made = workshop.0.join("new");
        let listener = UnixListener::bind(&made)?;
        fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        let file = Self {
            path: path.to_owned(),
            id: id(&made)?,
        };
        // A link, unlike a move, replaces nothing.
        match fs::hard_link(&made, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                workshop.take_unused(path)?;
                fs::hard_link(&made, path)?;
            }
            linked => linked?,
        }
        Ok((file, listener))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(path: &Path) -> io::Result<Id> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// A folder of this process's own, removed with all that is in it.
struct Workshop(PathBuf);

impl Workshop {
    fn beside(path: &Path) -> io::Result<Self> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Short: the path of a socket has at most about a hundred bytes.
        for attempt in 0..100 {
            let own = folder.join(format!(".s{}-{attempt}", process::id()));
            match DirBuilder::new().mode(0o700).create(&own) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Self(own)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Takes a socket away from `path` that nobody listens on.
    fn take_unused(&self, path: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(path)?;
        if !found.file_type().is_socket() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something else than a socket is there, and is left alone",
            ));
        }
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
            Ok(_) => {
                let used = "another process listens there";
                return Err(io::Error::new(io::ErrorKind::AddrInUse, used));
            }
        }
        let taken = self.0.join("old");
        fs::rename(path, &taken)?;
        if id(&taken)? == (found.dev(), found.ino()) {
            return Ok(());
        }
        // Another process was faster and listens there now.
        fs::hard_link(&taken, path)?;
        Err(io::ErrorKind::AddrInUse.into())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join("new"));
        let _ = fs::remove_file(self.0.join("old"));
        let _ = fs::remove_dir(&self.0);
    }
}
