//! A wire that fails on command: a proxy on loopback between a store and its server.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// What the wire does with what passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// Carries it.
    #[default]
    Sound,
    /// Carries requests to the server, and drops every reply.
    Mute,
    /// Drops everything, and keeps the connections open.
    Dead,
    /// Hangs up on everybody who connects.
    Refusing,
    /// Delays a piece now and then, by up to 20 milliseconds, and cuts the connection at one in so many.
    Shaky(u32),
}

/// A proxy on loopback. Once dropped, it cuts every connection and listens no more.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    wire: Mutex<Wire>,
    open: Mutex<Vec<TcpStream>>,
    over: AtomicBool,
    turns: AtomicU64,
    asked: AtomicU64,
    answered: AtomicU64,
    cuts: AtomicU64,
    seed: AtomicU64,
}

impl Proxy {
    /// One that leads to that server.
    ///
    /// # Panics
    /// If loopback has no port left.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::free_port())).expect("a port that was free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            server,
            wire: Mutex::default(),
            open: Mutex::default(),
            over: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            seed: AtomicU64::new(1),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the wire does that, on open connections too.
    pub fn set(&self, wire: Wire) {
        *lock(&self.shared.wire) = wire;
    }

    /// Cuts every open connection.
    pub fn cut(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How often a client began to speak after its server had spoken, or first of all: round trips, for a
    /// protocol of questions and answers that are asked one after the other.
    pub fn turns(&self) -> u64 {
        self.shared.turns.load(Ordering::SeqCst)
    }

    /// How many bytes went to the server and back; TCP's own are not among them.
    pub fn carried(&self) -> (u64, u64) {
        (self.shared.asked.load(Ordering::SeqCst), self.shared.answered.load(Ordering::SeqCst))
    }

    /// How often a [shaky](Wire::Shaky) wire has cut a connection.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // so that it looks
        self.cut();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(client), false) = (client, *lock(&self.wire) == Wire::Refusing) else { continue };
            let Ok(server) = TcpStream::connect(self.server) else { continue };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { continue };
            if let (Ok(one), Ok(other)) = (client.try_clone(), server.try_clone()) {
                lock(&self.open).extend([one, other]);
            }
            let turn = Arc::new(AtomicBool::new(false));
            let (there, back, turn_too) = (Arc::clone(self), Arc::clone(self), Arc::clone(&turn));
            thread::spawn(move || there.carry(client, server, true, &turn));
            thread::spawn(move || back.carry(server_too, client_too, false, &turn_too));
        }
    }

    /// Carries what one side says to the other until either hangs up.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, asking: bool, client_spoke: &AtomicBool) {
        let mut random = StdRng::seed_from_u64(self.seed.fetch_add(1, Ordering::SeqCst));
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            if client_spoke.swap(asking, Ordering::SeqCst) != asking && asking {
                self.turns.fetch_add(1, Ordering::SeqCst);
            }
            let wire = *lock(&self.wire);
            match wire {
                Wire::Dead => continue,
                Wire::Mute if !asking => continue,
                Wire::Shaky(one_in) => {
                    if random.random_range(0..one_in) == 0 {
                        self.cuts.fetch_add(1, Ordering::SeqCst);
                        break;
                    }
                    if random.random_range(0..4) == 0 {
                        thread::sleep(Duration::from_millis(random.random_range(0..20)));
                    }
                }
                Wire::Sound | Wire::Mute | Wire::Refusing => {}
            }
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
            let bytes = if asking { &self.asked } else { &self.answered };
            bytes.fetch_add(length as u64, Ordering::SeqCst);
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says back what it hears.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
                });
            }
        });
        address
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream
    }

    /// What comes back, or nothing within the timeout.
    fn ask(stream: &mut TcpStream) -> Option<u8> {
        stream.write_all(b"?").ok()?;
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    #[test]
    fn a_sound_wire_carries_and_counts() {
        let proxy = Proxy::to(echo());
        let mut stream = connect(&proxy);
        for round in 1..=3 {
            assert_eq!(ask(&mut stream), Some(b'?'));
            assert_eq!(proxy.turns(), round);
        }
    }

    #[test]
    fn what_a_mute_or_dead_wire_swallows_never_comes() {
        for wire in [Wire::Mute, Wire::Dead] {
            let proxy = Proxy::to(echo());
            let mut stream = connect(&proxy);
            assert_eq!(ask(&mut stream), Some(b'?'));
            proxy.set(wire);
            assert_eq!(ask(&mut stream), None, "{wire:?}");
            proxy.set(Wire::Sound);
            assert_eq!(ask(&mut stream), Some(b'?'), "{wire:?}");
        }
    }

    #[test]
    fn a_cut_or_refused_connection_is_closed() {
        let proxy = Proxy::to(echo());
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream), Some(b'?'));
        proxy.cut();
        assert_eq!(stream.read(&mut [0]).unwrap_or_default(), 0);
        proxy.set(Wire::Refusing);
        assert_eq!(ask(&mut connect(&proxy)), None);
        proxy.set(Wire::Sound);
        assert_eq!(ask(&mut connect(&proxy)), Some(b'?'));
    }

    #[test]
    fn a_shaky_wire_breaks_before_long() {
        let proxy = Proxy::to(echo());
        proxy.set(Wire::Shaky(5));
        let mut stream = connect(&proxy);
        assert!((0..200).any(|_| ask(&mut stream).is_none()));
        assert_eq!(proxy.cuts(), 1);
    }
}
