use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// A text that can only be read forwards, and be begun again. To go back, it is begun again.
pub(super) struct Forward {
    begin: Box<dyn FnMut() -> io::Result<Box<dyn Read + Send>> + Send>,
    reader: Option<Box<dyn Read + Send>>,
    at: u64,
    wanted: u64,
}

impl Forward {
    pub(super) fn new(
        begin: impl FnMut() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
    ) -> Self {
        Self {
            begin: Box::new(begin),
            reader: None,
            at: 0,
            wanted: 0,
        }
    }
}

impl Read for Forward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.wanted < self.at {
            self.reader = None;
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                self.at = 0;
                self.reader.insert((self.begin)()?)
            }
        };
        if self.at < self.wanted {
            let mut passed = reader.take(self.wanted - self.at);
            self.at += io::copy(&mut passed, &mut io::sink())?;
        }
        let read = reader.read(buffer)?;
        self.at += read as u64;
        self.wanted = self.at;
        Ok(read)
    }
}

impl Seek for Forward {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(byte) => self.wanted = byte,
            SeekFrom::Current(0) => {}
            _ => return Err(ErrorKind::Unsupported.into()),
        }
        Ok(self.wanted)
    }
}
