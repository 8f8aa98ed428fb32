//! The sign-in page, over plain HTTP.

mod faults;
mod flow;
mod person;
mod protection;
mod world;
