//! Adapts async readers and writers to the blocking threads that move file content.

use std::io::{self, Read, Write};
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// A blocking view of an async stream. Waiting fails when the transfer is cancelled.
pub(crate) struct Bridge<S: ?Sized> {
    pub runtime: Handle,
    pub cancel: CancellationToken,
    pub stream: Pin<Box<S>>,
}

impl<S: ?Sized> Bridge<S> {
    fn wait<T>(
        runtime: &Handle,
        cancel: &CancellationToken,
        work: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(io::Error::other("interrupted")),
                result = work => result,
            }
        })
    }
}

impl<S: AsyncRead + ?Sized> Read for Bridge<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Self::wait(&self.runtime, &self.cancel, self.stream.read(into))
    }
}

impl<S: AsyncWrite + ?Sized> Write for Bridge<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::wait(&self.runtime, &self.cancel, self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::wait(&self.runtime, &self.cancel, self.stream.flush())
    }
}
