//! Reading a multipart message from a body.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::{Limits, Parser, Token};
use crate::accept::MediaRange;
use crate::error::{Error, Result};

/// RFC 2046 allows 70 characters; some clients take more.
const BOUNDARY_LENGTH: usize = 256;

/// The boundary of a `multipart/*` media type.
pub fn boundary_of(media_type: &MediaRange) -> Result<&str> {
    let boundary = media_type
        .parameter("boundary")
        .ok_or_else(|| Error::bad("Content-Type has no boundary parameter"))?;
    if boundary.is_empty() || boundary.len() > BOUNDARY_LENGTH {
        return Err(Error::bad(format!(
            "the boundary has {} characters: 1 to {BOUNDARY_LENGTH} expected",
            boundary.len()
        )));
    }
    Ok(boundary)
}

/// Reads tokens from a stream of bytes.
pub struct Reader {
    source: BoxStream<'static, Result<Bytes>>,
    parser: Parser,
}

impl Reader {
    /// A reader of `source`.
    pub fn new(source: BoxStream<'static, Result<Bytes>>, boundary: &str) -> Reader {
        Reader {
            // Draining asks again after the end.
            source: source.fuse().boxed(),
            parser: Parser::new(boundary, Limits::default()),
        }
    }

    /// The next token; [`Token::Close`] is the last.
    pub async fn next(&mut self) -> Result<Token> {
        loop {
            if let Some(token) = self.parser.next().map_err(|e| Error::bad(e.to_string()))? {
                return Ok(token);
            }
            match self.source.next().await {
                Some(chunk) => self.parser.feed(chunk?),
                None => self.parser.end(),
            }
        }
    }

    /// Reads what follows the closing delimiter, so that the connection can be used again.
    /// Gives up after a while.
    pub async fn drain(mut self) {
        let mut rest: usize = 1 << 20;
        while let Some(Ok(chunk)) = self.source.next().await {
            rest = match rest.checked_sub(chunk.len()) {
                Some(rest) => rest,
                None => return,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn boundary(content_type: &str) -> Result<String> {
        boundary_of(&MediaRange::parse(content_type).unwrap()).map(str::to_owned)
    }

    #[test]
    fn boundaries_are_found_quoted_or_not() {
        assert_eq!(boundary("multipart/related; boundary=abc").unwrap(), "abc");
        assert_eq!(
            boundary("multipart/related; type=\"a/b\"; boundary=\"a b;c=d\"").unwrap(),
            "a b;c=d"
        );
        assert_eq!(boundary("multipart/related;BOUNDARY=x==").unwrap(), "x==");
        assert!(boundary("multipart/related").is_err());
        assert!(boundary("multipart/related; boundary=\"\"").is_err());
        let long = format!("multipart/related; boundary={}", "x".repeat(300));
        assert!(boundary(&long).is_err());
    }

    #[tokio::test]
    async fn tokens_come_from_the_stream_and_errors_pass_through() {
        let chunks = vec![
            Ok(Bytes::from_static(b"--b\r\n\r\nab")),
            Err(Error::Timeout),
        ];
        let mut reader = Reader::new(futures::stream::iter(chunks).boxed(), "b");
        assert!(matches!(reader.next().await.unwrap(), Token::Start(_)));
        assert_eq!(
            reader.next().await.unwrap(),
            Token::Data(Bytes::from_static(b"ab"))
        );
        assert!(matches!(reader.next().await, Err(Error::Timeout)));
    }
}
