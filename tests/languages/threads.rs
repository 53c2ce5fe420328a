// SPDX-License-Identifier: MIT
// Rust's std: threads, scopes, park, channels, locks, once, barriers, sockets,
// processes.  What it prints does not depend on time.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError, TrySendError};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, OnceLock, RwLock};
use std::thread;
use std::time::Duration;

const N: usize = 50;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The fewest kernel threads in a row of looks: those that are on their way
/// out when we look do not count.
fn tasks() -> usize {
    (0..20)
        .map(|_| {
            thread::sleep(ms(5));
            fs::read_dir("/proc/self/task").unwrap().count()
        })
        .min()
        .unwrap()
}

/// Waiting in every way there is, all at once.
fn waiters() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let lock = Arc::new(RwLock::new(7));
    let held = lock.write().unwrap();
    let barrier = Arc::new(Barrier::new(N / 5 + 1));
    let (tx, rx) = mpsc::channel::<usize>();
    let rx = Arc::new(Mutex::new(rx));
    let arrived = Arc::new(AtomicUsize::new(0));
    let go = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..N)
        .map(|i| {
            let (pair, lock, barrier) = (pair.clone(), lock.clone(), barrier.clone());
            let (rx, arrived, go) = (rx.clone(), arrived.clone(), go.clone());
            thread::Builder::new()
                .name(format!("waiter {i}"))
                .spawn(move || {
                    arrived.fetch_add(1, SeqCst);
                    match i % 5 {
                        0 => {
                            let mut open = pair.0.lock().unwrap();
                            while !*open {
                                open = pair.1.wait(open).unwrap();
                            }
                        }
                        1 => assert_eq!(*lock.read().unwrap(), 8),
                        2 => {
                            barrier.wait();
                        }
                        3 => {
                            rx.lock().unwrap().recv().unwrap();
                        }
                        _ => {
                            while !go.load(SeqCst) {
                                thread::park();
                            }
                        }
                    }
                    thread::current().name() == Some(&format!("waiter {i}"))
                })
                .unwrap()
        })
        .collect();
    while arrived.load(SeqCst) < N {
        thread::sleep(ms(1));
    }
    eprintln!("tasks={}", tasks());
    *pair.0.lock().unwrap() = true;
    pair.1.notify_all();
    let mut held = held;
    *held = 8;
    drop(held);
    barrier.wait();
    for i in 0..N / 5 {
        tx.send(i).unwrap();
    }
    go.store(true, SeqCst);
    for t in &threads {
        t.thread().unpark();
    }
    let right = threads.into_iter().map(|t| t.join().unwrap()).filter(|&r| r).count();
    println!("waiters: {right}");
}

fn locks() {
    let count = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..N)
        .map(|_| {
            let count = count.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    let mut held = count.lock().unwrap();
                    let seen = *held;
                    thread::yield_now();
                    *held = seen + 1;
                }
            })
        })
        .collect();
    for t in threads {
        t.join().unwrap();
    }
    println!("mutex: {}", *count.lock().unwrap());

    let table = RwLock::new(BTreeMap::new());
    let (readers, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let all = Barrier::new(10);
    thread::scope(|s| {
        for i in 0..10 {
            let (table, readers, most, all) = (&table, &readers, &most, &all);
            s.spawn(move || {
                for k in 0..20 {
                    table.write().unwrap().insert((i, k), i * k);
                    thread::yield_now();
                }
                all.wait();
                let held = table.read().unwrap();
                most.fetch_max(readers.fetch_add(1, SeqCst) + 1, SeqCst);
                all.wait();
                assert_eq!(held.len(), 200);
            });
        }
    });
    println!("rwlock: {} {}", table.read().unwrap().len(), most.load(SeqCst));
    let free = table.try_write().is_ok();
    let held = table.read().unwrap();
    println!("try: {free} {}", table.try_write().is_err());
    drop(held);

    let pair = (Mutex::new(0), Condvar::new());
    let (_, late) = pair.1.wait_timeout(pair.0.lock().unwrap(), ms(20)).map(|(g, r)| (*g, r)).unwrap();
    println!("wait_timeout: {}", late.timed_out());
    thread::scope(|s| {
        s.spawn(|| {
            thread::sleep(ms(5));
            *pair.0.lock().unwrap() = 3;
            pair.1.notify_one();
        });
        let (held, late) = pair.1.wait_timeout_while(pair.0.lock().unwrap(), ms(60_000), |n| *n != 3).unwrap();
        println!("wait_timeout_while: {} {}", *held, late.timed_out());
    });

    let poisoned = Arc::new(Mutex::new(1));
    let other = poisoned.clone();
    let end = thread::spawn(move || {
        let _held = other.lock().unwrap();
        panic!("inside");
    })
    .join();
    println!("panic: {:?} {}", end.unwrap_err().downcast_ref::<&str>(), poisoned.is_poisoned());

    let leaders = AtomicUsize::new(0);
    let barrier = Barrier::new(8);
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..100 {
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, SeqCst);
                    }
                }
            });
        }
    });
    println!("barrier: {}", leaders.load(SeqCst));
}

fn once() {
    static CELL: OnceLock<String> = OnceLock::new();
    static ONCE: Once = Once::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let same: Vec<_> = thread::scope(|s| {
        (0..N)
            .map(|_| {
                s.spawn(|| {
                    ONCE.call_once(|| {
                        thread::sleep(ms(10));
                        RUNS.fetch_add(1, SeqCst);
                    });
                    CELL.get_or_init(|| {
                        thread::sleep(ms(10));
                        RUNS.fetch_add(1, SeqCst);
                        "once".to_string()
                    })
                    .as_ptr() as usize
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|t| t.join().unwrap())
            .collect()
    });
    println!("once: {} {}", RUNS.load(SeqCst), same.iter().all(|&p| p == same[0]));
}

fn channels() {
    let (tx, rx) = mpsc::sync_channel(3);
    let (out, results) = mpsc::channel();
    let producers: Vec<_> = (0..10)
        .map(|i| {
            let tx = tx.clone();
            thread::spawn(move || (0..100).for_each(|k| tx.send(i * 100 + k).unwrap()))
        })
        .collect();
    drop(tx);
    let worker = thread::spawn(move || rx.into_iter().for_each(|v: u64| out.send(v * v).unwrap()));
    println!("channel: {}", results.iter().sum::<u64>());
    worker.join().unwrap();
    producers.into_iter().for_each(|t| t.join().unwrap());

    let (tx, rx) = mpsc::sync_channel::<u8>(0);
    println!("full: {}", matches!(tx.try_send(1), Err(TrySendError::Full(1))));
    println!("timeout: {}", rx.recv_timeout(ms(10)) == Err(RecvTimeoutError::Timeout));
    let meet = thread::spawn(move || tx.send(5).is_ok());
    println!("rendezvous: {:?} {}", rx.recv(), meet.join().unwrap());
    println!("gone: {:?}", rx.recv().is_err());
}

thread_local! {
    static OWN: Cell<usize> = const { Cell::new(0) };
    static TRAIL: RefCell<Option<Last>> = const { RefCell::new(None) };
}

struct Last(Arc<AtomicUsize>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn identity() {
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let threads: Vec<_> = (1..=N)
            .map(|i| {
                let dropped = dropped.clone();
                thread::spawn(move || {
                    let fresh = OWN.get() == 0;
                    OWN.set(i);
                    TRAIL.set(Some(Last(dropped)));
                    thread::sleep(ms(1));
                    fresh && OWN.get() == i
                })
            })
            .collect();
        let good = threads.into_iter().map(|t| t.join().unwrap()).filter(|&r| r).count();
        println!("thread_local: {good} {}", dropped.load(SeqCst));
    }
    println!("parallelism: {}", thread::available_parallelism().unwrap().get() > 0);
    let me = thread::current().id();
    println!("id: {}", thread::spawn(move || thread::current().id() != me).join().unwrap());
    let t = thread::Builder::new().stack_size(16 << 20).spawn(|| {
        fn deep(n: usize) -> usize {
            let filler = std::hint::black_box([n as u8; 4096]);
            if n == 0 { 0 } else { 1 + deep(n - 1) + (filler[9] as usize & 0) }
        }
        deep(3000)
    });
    println!("deep: {}", t.unwrap().join().unwrap());
    let caught = thread::spawn(|| {
        let inner = panic::catch_unwind(|| {
            thread::sleep(ms(1));
            panic!("caught");
        });
        thread::sleep(ms(1));
        inner.is_err()
    });
    println!("catch_unwind: {}", caught.join().unwrap());
}

fn park() {
    let t = thread::spawn(|| {
        thread::park();
        1
    });
    t.thread().unpark();
    println!("park: {}", t.join().unwrap());
    thread::current().unpark();
    thread::park();
    thread::park_timeout(ms(20));
    let main = thread::current();
    let flag = Arc::new(AtomicUsize::new(0));
    let theirs = flag.clone();
    let t = thread::spawn(move || {
        for i in 1..=1000 {
            while theirs.load(SeqCst) != i * 2 - 1 {
                thread::park();
            }
            theirs.store(i * 2, SeqCst);
            main.unpark();
        }
    });
    for i in 1..=1000 {
        flag.store(i * 2 - 1, SeqCst);
        t.thread().unpark();
        while flag.load(SeqCst) != i * 2 {
            thread::park();
        }
    }
    t.join().unwrap();
    println!("ping-pong: {}", flag.load(SeqCst));
}

fn busy() {
    let enough = AtomicBool::new(false);
    thread::scope(|s| {
        let busy = s.spawn(|| {
            let mut n = 0u64;
            while !enough.load(SeqCst) {
                n = std::hint::black_box(n + 1);
            }
            n > 0
        });
        let ticks: Vec<_> = (0..20).map(|_| s.spawn(|| (0..5).map(|_| thread::sleep(ms(2))).count())).collect();
        let ticks: usize = ticks.into_iter().map(|t| t.join().unwrap()).sum();
        enough.store(true, SeqCst);
        println!("busy: {ticks} {}", busy.join().unwrap());
    });
}

fn sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = thread::spawn(move || {
        thread::scope(|s| {
            for stream in listener.incoming().take(N) {
                s.spawn(move || {
                    let stream = stream.unwrap();
                    let mut out = stream.try_clone().unwrap();
                    for line in BufReader::new(stream).lines() {
                        let line: String = line.unwrap().chars().rev().collect();
                        writeln!(out, "{line}").unwrap();
                    }
                });
            }
        });
    });
    let clients: Vec<_> = (0..N)
        .map(|i| {
            thread::spawn(move || {
                let stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                (0..10)
                    .filter(|k| {
                        let said = format!("{i} {k}");
                        writeln!(&stream, "{said}").unwrap();
                        lines.next().unwrap().unwrap() == said.chars().rev().collect::<String>()
                    })
                    .count()
            })
        })
        .collect();
    println!("echo: {}", clients.into_iter().map(|t| t.join().unwrap()).sum::<usize>());
    acceptor.join().unwrap();

    println!("refused: {:?}", TcpStream::connect(address).unwrap_err().kind());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut quiet = TcpStream::connect_timeout(&address, ms(60_000)).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    quiet.set_read_timeout(Some(ms(20))).unwrap();
    println!("read timeout: {:?}", quiet.read(&mut [0; 9]).unwrap_err().kind() == ErrorKind::WouldBlock);
    quiet.set_read_timeout(None).unwrap();
    let mut reading = quiet.try_clone().unwrap();
    let t = thread::spawn(move || reading.read(&mut [0; 9]).unwrap());
    thread::sleep(ms(5));
    quiet.shutdown(Shutdown::Read).unwrap();
    println!("shutdown under read: {}", t.join().unwrap());
    peer.set_write_timeout(Some(ms(20))).unwrap();
    let full = loop {
        if let Err(e) = peer.write(&[0; 65536]) {
            break e.kind();
        }
    };
    println!("write timeout: {}", full == ErrorKind::WouldBlock || full == ErrorKind::BrokenPipe || full == ErrorKind::ConnectionReset);
    listener.set_nonblocking(true).unwrap();
    println!("nonblocking: {:?}", listener.accept().unwrap_err().kind());

    let (mut left, mut right) = UnixStream::pair().unwrap();
    let t = thread::spawn(move || left.write_all(&vec![7; 3_000_000]).is_ok());
    let mut all = Vec::new();
    right.read_to_end(&mut all).unwrap();
    println!("unix: {} {}", all.len(), t.join().unwrap());
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = udp.local_addr().unwrap();
    let t = thread::spawn(move || {
        let mut buf = [0; 100];
        let n = udp.recv(&mut buf).unwrap();
        String::from_utf8_lossy(&buf[..n]).into_owned()
    });
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"datagram", port).unwrap();
    println!("udp: {}", t.join().unwrap());
    use std::net::ToSocketAddrs;
    let names: Vec<_> = (0..8)
        .map(|_| thread::spawn(|| ("localhost", 80).to_socket_addrs().unwrap().any(|a| a.is_ipv4())))
        .collect();
    println!("names: {}", names.into_iter().filter_map(|t| t.join().ok()).filter(|&r| r).count());
}

fn processes() {
    let out: Vec<_> = (0..8)
        .map(|i| {
            thread::spawn(move || {
                let out = Command::new("sh").arg("-c").arg(format!("echo {i}; sleep 0.05; echo e >&2")).output().unwrap();
                String::from_utf8_lossy(&out.stdout).trim().to_string()
            })
        })
        .collect();
    println!("output: {:?}", out.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>());
    let mut child = Command::new("tr").args(["a-z", "A-Z"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let t = thread::spawn(move || stdin.write_all("loud".repeat(50_000).as_bytes()).is_ok());
    let out = child.wait_with_output().unwrap();
    println!("pipe: {} {} {:?}", out.stdout.len(), t.join().unwrap(), out.status.code());
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    println!("try_wait: {}", child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    println!("kill: {:?}", child.wait().unwrap().code());
    println!("status: {:?}", Command::new("sh").args(["-c", "exit 3"]).status().unwrap().code());
    println!("missing: {:?}", Command::new("/nonexistent").spawn().unwrap_err().kind());
}

fn main() {
    panic::set_hook(Box::new(|_| ()));
    waiters();
    locks();
    once();
    channels();
    identity();
    park();
    busy();
    sockets();
    processes();
    let many: Vec<_> = (0..2000usize)
        .map(|i| {
            thread::spawn(move || {
                thread::sleep(ms(10));
                i
            })
        })
        .collect();
    println!("many: {}", many.into_iter().map(|t| t.join().unwrap()).sum::<usize>());
    thread::spawn(thread::park);
    std::process::exit(7);
}
