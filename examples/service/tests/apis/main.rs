//! The three APIs, over HTTP: in this process with its ports in the hands of the test, and as the program
//! people run.

mod bad_input;
mod enumeration;
mod hangs_up;
mod killed;
mod leak;
mod nomado;
mod options;
mod passage;
mod principals;
mod program;
mod readme;
mod scene;
mod seed_shapes;
mod slingr;
mod store_down;
