//! Bytes that rows name: one request each, so what is cut off is sent again whole.

use std::time::Duration;

use kontor_domain::blob::BlobHash;
use kontor_domain::catalog::IMAGE_BYTES_LIMIT;
use kontor_domain::secret::Secret;
use kontor_store::blob::Blob;
use reqwest::StatusCode;

use super::{Client, Trouble};

/// How long one may take, on a slow line.
const BLOB_LIMIT: Duration = Duration::from_mins(5);

/// What became of bytes that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server has them.
    Kept,
    /// The server has no row that names them, not yet or not any more.
    Unknown,
    /// The server does not take them, and never will.
    Refused,
}

impl Client {
    fn blob_address(&self, sha256: BlobHash) -> String {
        self.address.at(&format!("/api/v1/blobs/{sha256}"))
    }

    /// Bytes go up.
    pub async fn send_blob(&self, token: &Secret, blob: Blob) -> Result<Sent, Trouble> {
        let request = self.http.put(self.blob_address(blob.sha256)).header("content-type", blob.media_type.word()).body(blob.bytes);
        let response = self.send(request.bearer_auth(&token.0), BLOB_LIMIT).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(Sent::Kept),
            StatusCode::NOT_FOUND => Ok(Sent::Unknown),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::FORBIDDEN => Ok(Sent::Refused),
            status => Err(self.refused(status, response).await),
        }
    }

    /// Bytes come down; `None`: the server does not have them yet.
    pub async fn fetch_blob(&self, token: &Secret, sha256: BlobHash) -> Result<Option<Vec<u8>>, Trouble> {
        let response = self.send(self.http.get(self.blob_address(sha256)).bearer_auth(&token.0), BLOB_LIMIT).await?;
        match response.status() {
            StatusCode::OK => self.bytes(response, IMAGE_BYTES_LIMIT).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.refused(status, response).await),
        }
    }
}
