use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::http::{HeaderMap, header};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::ApiError;
use crate::memory::Kept;

/// The largest window of a zstd body, as a power of two: 8 MiB, what RFC 9659 allows in HTTP. A
/// window is memory that a few bytes can ask for.
const ZSTD_WINDOW: u32 = 23;

/// The first seven bits of brotli streams with windows of up to 1 GiB, which RFC 7932 does not have.
const BROTLI_LARGE_WINDOW: u8 = 0b001_0001;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    /// The encoding that the headers name.
    ///
    /// # Errors
    /// [`ApiError::UnsupportedEncoding`] for others, and for more than one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let values = headers.get_all(header::CONTENT_ENCODING).into_iter();
        let values: Vec<_> = values
            .map(|v| String::from_utf8_lossy(v.as_bytes()))
            .collect();
        let named = values.iter().flat_map(|value| value.split(','));
        let named = named.map(|name| name.trim().to_ascii_lowercase());
        let mut named = named.filter(|name| !name.is_empty() && name != "identity");
        let encoding = match named.next().as_deref() {
            None => Some(Self::Identity),
            Some("gzip" | "x-gzip") => Some(Self::Gzip),
            Some("deflate") => Some(Self::Deflate),
            Some("br") => Some(Self::Brotli),
            Some("zstd") => Some(Self::Zstd),
            Some(_) => None,
        };
        match (encoding, named.next()) {
            (Some(encoding), None) => Ok(encoding),
            _ => Err(ApiError::UnsupportedEncoding {
                got: values.join(", "),
            }),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// What was compressed, up to `limit` bytes.
    ///
    /// # Errors
    /// [`ApiError::BodyTooLarge`] and [`ApiError::DamagedBody`].
    pub(super) fn decode(self, bytes: Kept, limit: usize) -> Result<Kept, ApiError> {
        let sent = &*bytes;
        // Files of gzip and zstd may be joined, and then are one again. Those of the others may not.
        let (read, rest) = match self {
            Self::Identity => return Ok(bytes),
            Self::Gzip => {
                let mut decoder = GzipDecoder::new(sent);
                decoder.multiple_members(true);
                (read(&mut decoder, limit), decoder.into_inner())
            }
            Self::Deflate => {
                let mut decoder = ZlibDecoder::new(sent);
                (read(&mut decoder, limit), decoder.into_inner())
            }
            Self::Brotli => {
                if sent.first().map(|first| first & 0x7f) == Some(BROTLI_LARGE_WINDOW) {
                    return Err(self.damaged("its window is too large"));
                }
                let mut decoder = BrotliDecoder::new(sent);
                (read(&mut decoder, limit), decoder.into_inner())
            }
            Self::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW)];
                let mut decoder = ZstdDecoder::with_params(sent, &window);
                decoder.multiple_members(true);
                (read(&mut decoder, limit), decoder.into_inner())
            }
        };
        match read {
            Ok(plain) if plain.len() > limit => Err(ApiError::BodyTooLarge {
                limit,
                decompressed: true,
            }),
            Ok(_) if !rest.is_empty() => Err(self.damaged("something follows its end")),
            Ok(plain) => Ok(Kept::Heap(plain)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("it ends too early"))
            }
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    fn damaged(self, why: &str) -> ApiError {
        ApiError::DamagedBody {
            encoding: self.name(),
            why: why.to_owned(),
        }
    }
}

/// What the decoder gives, up to one byte more than `limit`.
fn read(decoder: impl AsyncRead + Unpin, limit: usize) -> io::Result<Vec<u8>> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoder = decoder.take(most);
    let mut plain = Vec::new();
    // The whole body is there, so that nothing has to be waited for.
    let mut context = Context::from_waker(Waker::noop());
    match pin!(decoder.read_to_end(&mut plain)).poll(&mut context) {
        Poll::Ready(read) => read.map(|_| plain),
        Poll::Pending => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
