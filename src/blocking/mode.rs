//! What blocking calls give: values, iterators and readers.

use serde::de::DeserializeOwned;

use super::iter::Iter;
use super::wait::Blocking;
use crate::call::mode::{Mode, ResponseFuture, sealed};
use crate::engine::download::Download;
use crate::paging::RecordStream;
use crate::wire::error::Result;

impl sealed::Sealed for Blocking {}

impl Mode for Blocking {
    type Sent<T: Send + 'static> = Result<T>;
    type Stream<S: Send + 'static> = Iter<S>;
    type List<T: DeserializeOwned + Send + 'static> = Iter<RecordStream<T>>;
    type Download = Iter<Download>;

    fn send<T: Send + 'static>(&self, sending: ResponseFuture<T>) -> Result<T> {
        self.wait(sending)
    }

    fn list<T: DeserializeOwned + Send + 'static>(
        &self,
        items: RecordStream<T>,
    ) -> Iter<RecordStream<T>> {
        self.stream(items)
    }

    fn download(&self, sending: ResponseFuture<Download>) -> Result<Iter<Download>> {
        self.open(sending)
    }

    fn stream<S: Send + 'static>(&self, stream: S) -> Iter<S> {
        Iter::new(stream, self.clone())
    }

    fn open<S: Send + 'static>(&self, sending: ResponseFuture<S>) -> Result<Iter<S>> {
        let stream = self.wait(sending)?;
        Ok(self.stream(stream))
    }
}
