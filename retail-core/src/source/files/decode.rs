//! Compressed texts.

use std::fmt;
use std::io::{self, ErrorKind, Read};

/// How many bytes at the beginning tell how a file is compressed.
pub(super) const MAGIC: usize = 6;

/// The most memory that the dictionary of an xz file may take.
const XZ_MEMORY: u64 = 256 << 20;

/// How a text is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        })
    }
}

impl Compression {
    /// That of a file that begins so.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// What `reader` holds. Several compressed texts one after another are one.
    pub(super) fn decode(
        self,
        reader: impl Read + Send + 'static,
    ) -> io::Result<Box<dyn Read + Send>> {
        let inner: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(reader)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(reader)?),
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(reader)),
            Self::Xz => {
                let several = liblzma::stream::CONCATENATED;
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, several)?;
                Box::new(liblzma::read::XzDecoder::new_stream(reader, stream))
            }
        };
        Ok(Box::new(Decoded {
            inner,
            compression: self,
            read: 0,
        }))
    }
}

/// Says in its errors what is damaged, and where.
struct Decoded {
    inner: Box<dyn Read + Send>,
    compression: Compression,
    read: u64,
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.read += read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let (compression, read) = (self.compression, self.read);
                let what = match error.kind() {
                    ErrorKind::UnexpectedEof => "is cut".to_owned(),
                    _ => format!("is damaged ({error})"),
                };
                let said = format!(
                    "the {compression} data {what} after {read} bytes of text; fetch the file again"
                );
                Err(io::Error::new(ErrorKind::InvalidData, said))
            }
        }
    }
}
