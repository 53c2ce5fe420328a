# SPDX-License-Identifier: MIT
# Ruby's threads: queues, locks, condition variables, timeouts, sockets,
# net/http, IO.select, processes.  What it prints does not depend on time.
require "monitor"
require "net/http"
require "open3"
require "socket"
require "timeout"
require "tmpdir"

$stdout.sync = true
N = 50

def show(name, value)
  puts "#{name}: #{value.inspect}"
end

# The fewest kernel threads seen in a row of looks: those that are on their way
# out when we look do not count.
def tasks
  20.times.map { sleep 0.005; Dir.children("/proc/self/task").size }.min
end

# ---- waiting in every way there is, all at once
gate = Queue.new
lock = Mutex.new
cond = ConditionVariable.new
open = false
reader, writer = IO.pipe
waiting = Queue.new
threads = N.times.map do |i|
  Thread.new do
    waiting << i
    case i % 5
    when 0 then gate.pop
    when 1 then lock.synchronize { cond.wait(lock) until open; i }
    when 2 then IO.select([reader]) && i
    when 3 then sleep && i
    when 4 then reader.wait_readable && i
    end
  end
end
N.times { waiting.pop }
Thread.pass until threads.all? { |t| t.status == "sleep" }
warn "tasks=#{tasks}"
(N / 5).times { |i| gate << i * 5 }
lock.synchronize { open = true; cond.broadcast }
writer.write "x"
threads.each_with_index { |t, i| t.wakeup if i % 5 == 3 }
show "waiters", threads.map(&:value).sort

# ---- a pipeline over bounded queues
first, second = SizedQueue.new(3), SizedQueue.new(3)
stages = [
  Thread.new { 1000.times { |i| first << i }; first.close },
  Thread.new { while (i = first.pop) do second << i * i end; second.close },
]
sum = 0
while (i = second.pop) do sum += i end
stages.each(&:join)
show "pipeline", sum

# ---- a counter under contention, with a park inside the lock
count = 0
N.times.map do
  Thread.new do
    20.times { lock.synchronize { seen = count; Thread.pass; count = seen + 1 } }
  end
end.each(&:join)
show "mutex", count
begin
  lock.synchronize { lock.lock }
rescue ThreadError => e
  show "recursive", e.message
end
begin
  Thread.new { lock.lock }.join
  show "left by a dead thread", lock.locked?
rescue ThreadError => e
  show "unlock", e.message
end
monitor = Monitor.new
full = monitor.new_cond
box = []
maker = Thread.new { 100.times { |j| monitor.synchronize { full.wait_while { box.size > 4 }; box << j; full.signal } } }
taken = []
while taken.size < 100
  monitor.synchronize { full.wait_while { box.empty? }; taken << box.shift; full.signal }
end
maker.join
show "monitor", taken == (0...100).to_a

# ---- values, exceptions, locals, raise and kill from outside
show "value", Thread.new { 6 * 7 }.value
begin
  Thread.new { Thread.current.report_on_exception = false; raise IOError, "inside" }.join
rescue IOError => e
  show "exception", e.message
end
here = Thread.new { Thread.current[:a] = 1; Thread.current.thread_variable_set(:b, 2); Thread.stop; [Thread.current[:a], Thread.current.thread_variable_get(:b)] }
Thread.pass until here.stop?
here.run
show "locals", here.value
asleep = Thread.new do
  sleep
rescue ArgumentError => e
  e.message
ensure
  $ensured = true
end
Thread.pass until asleep.stop?
asleep.raise ArgumentError, "from outside"
show "raise", [asleep.value, $ensured]
trail = Queue.new
victim = Thread.new { begin; IO.pipe[0].read; ensure; trail << :ensure; end }
Thread.pass until victim.stop?
victim.kill
victim.join
show "kill", [trail.pop, victim.status, victim.value]
masked = Thread.new do
  Thread.handle_interrupt(RuntimeError => :never) do
    Thread.pass until Thread.pending_interrupt?
    trail << :held
  end
rescue RuntimeError => e
  trail << e.message
end
Thread.pass until masked.alive?
sleep 0.02
masked.raise "deferred"
masked.join
show "handle_interrupt", [trail.pop, trail.pop]

# ---- timeouts
show "timeouts", N.times.map { |n|
  Thread.new do
    case n % 4
    when 0 then Timeout.timeout(0.05) { sleep }
    when 1 then Timeout.timeout(0.05) { IO.pipe[0].read(1) }
    when 2 then Timeout.timeout(0.05) { Queue.new.pop }
    when 3 then Timeout.timeout(60) { sleep 0.02; :in_time }
    end
  rescue Timeout::Error => e
    e.class
  end
}.map(&:value).tally
show "join", Thread.new { sleep }.join(0.02)
lock2 = Mutex.new
lock2.lock
show "cond timeout", ConditionVariable.new.wait(lock2, 0.02).class
show "mutex sleep", lock2.sleep(0.02).class
lock2.unlock
show "select timeout", IO.select([IO.pipe[0]], nil, nil, 0.02)

# ---- a busy thread does not stop the others
busy = Thread.new { n = 0; n += 1 until $enough; n > 0 }
ticks = 20.times.map { Thread.new { 5.times { sleep 0.002 }; 1 } }.sum(&:value)
$enough = true
show "busy", [ticks, busy.value]

# ---- TCP: a thread for each connection, on both sides
server = TCPServer.new("127.0.0.1", 0)
port = server.addr[1]
acceptor = Thread.new do
  N.times.map { Thread.new(server.accept) { |s| while (l = s.gets) do s.puts l.reverse.strip end; s.close } }.each(&:join)
end
show "echo", N.times.map { |n|
  Thread.new do
    s = TCPSocket.new("127.0.0.1", port)
    got = 10.times.map { |k| s.puts "#{n} #{k}"; s.gets.chomp }
    s.close
    got == 10.times.map { |k| "#{n} #{k}".reverse }
  end
}.map(&:value).tally
acceptor.join
parked = Thread.new do
  server.accept
rescue IOError => e
  e.message
end
Thread.pass until parked.stop?
server.close
show "closed under accept", parked.value
left, right = UNIXSocket.pair
parked = Thread.new { left.read(1) rescue $!.class }
Thread.pass until parked.stop?
left.close
show "closed under read", parked.value
right.close
show "refused", (TCPSocket.new("127.0.0.1", port) rescue $!.class)
show "nonblock", begin
  l = TCPServer.new("127.0.0.1", 0)
  l.accept_nonblock(exception: false)
end
udp = UDPSocket.new
udp.bind("127.0.0.1", 0)
got = Thread.new { udp.recvfrom(10)[0] }
UDPSocket.new.send("datagram", 0, "127.0.0.1", udp.addr[1])
show "udp", got.value
show "names", Addrinfo.getaddrinfo("localhost", 80, :INET, :STREAM).map(&:ip_address)

# ---- net/http against a server made of threads
server = TCPServer.new("127.0.0.1", 0)
port = server.addr[1]
http = Thread.new do
  loop do
    Thread.new(server.accept) do |s|
      while (request = s.gets)
        length = 0
        while (line = s.gets) && line != "\r\n"
          length = line.split[1].to_i if line =~ /\Acontent-length:/i
        end
        body = "#{request.split[1]} #{length > 0 ? s.read(length).size : 0}"
        sleep 0.05
        s.write "HTTP/1.1 200 OK\r\nContent-Length: #{body.size}\r\n\r\n#{body}"
      end
      s.close
    rescue Errno::ECONNRESET, Errno::EPIPE
      s.close
    end
  end
rescue IOError
  :over
end
show "http get", N.times.map { |n|
  Thread.new { Net::HTTP.get(URI("http://127.0.0.1:#{port}/#{n}")) == "/#{n} 0" }
}.map(&:value).tally
show "http session", Net::HTTP.start("127.0.0.1", port) { |h|
  3.times.map { |n| h.post("/p#{n}", "x" * (100_000 * n)).body }
}
show "http timeout", begin
  Net::HTTP.start("127.0.0.1", TCPServer.new("127.0.0.1", 0).addr[1],
                  read_timeout: 0.05, max_retries: 0) { |h| h.get("/") }
rescue Net::ReadTimeout, Errno::ECONNREFUSED => e
  e.class
end
server.close
show "http end", http.value

# ---- large transfers through pipes, files
show "pipes", 10.times.map { |n|
  r, w = IO.pipe
  t = Thread.new { w.write("abc" * 200_000); w.close }
  size = r.read.size
  t.join
  size
}.uniq
Dir.mktmpdir do |dir|
  show "files", 20.times.map { |n|
    Thread.new { File.write("#{dir}/#{n}", "#{n}\n" * 1000); File.read("#{dir}/#{n}").lines.tally }
  }.map(&:value) == 20.times.map { |n| { "#{n}\n" => 1000 } }
  File.open("#{dir}/lock", "w") do |f|
    f.flock(File::LOCK_EX)
    other = Thread.new { File.open("#{dir}/lock") { |g| g.flock(File::LOCK_SH); :locked } }
    sleep 0.02
    f.flock(File::LOCK_UN)
    show "flock", other.value
  end
end

# ---- processes
show "processes", 10.times.map { |n| Thread.new { `echo #{n}; sleep 0.05`.to_i } }.map(&:value)
out, status = Open3.capture2("tr a-z A-Z", stdin_data: "loud" * 50_000)
show "open3", [out.size, out[0, 4], status.exitstatus]
show "system", [system("exit 3"), $?.exitstatus]
pid = fork { Thread.new { exit!(Thread.list.size + 40) }.join }
show "fork", Process.wait2(pid)[1].exitstatus
pid = spawn("sleep 60")
waiter = Process.detach(pid)
Process.kill(:TERM, pid)
show "detach", waiter.value.termsig

# ---- signals
caught = Queue.new
old = trap(:USR1) { Thread.new { caught << :usr1 } }
Process.kill(:USR1, Process.pid)
show "trap", [caught.pop, old]
main = Thread.current
trap(:USR2) { main.raise Interrupt, "usr2" }
begin
  Thread.new { sleep 0.02; Process.kill(:USR2, Process.pid) }
  sleep
rescue Interrupt => e
  show "interrupted sleep", e.message
end
r, = IO.pipe
begin
  Thread.new { sleep 0.02; Process.kill(:USR2, Process.pid) }
  r.read
rescue Interrupt => e
  show "interrupted read", e.message
end

# ---- many threads; fibers inside of threads; garbage collection meanwhile
show "many", 500.times.map { |n| Thread.new { sleep 0.01; n } }.sum(&:value)
show "fibers", N.times.map { |n|
  Thread.new do
    f = Fiber.new { |x| 20.times { sleep 0.0005; x = Fiber.yield(x + 1) }; x }
    x = n
    20.times { x = f.resume(x) }
    x
  end
}.map(&:value) == N.times.map { |n| n + 20 }
show "gc", N.times.map { Thread.new { a = 100.times.map { "s" * 100 }; sleep 0.001; GC.start if rand(10) == 0; a.sum(&:size) } }.map(&:value).uniq
show "ractor", begin
  $VERBOSE = nil
  4.times.map { |n| Ractor.new(n) { |x| sleep 0.01; x * x } }.map(&:take)
end
at_exit { show "at_exit", Thread.list.size > 0 }
Thread.new { sleep }
Thread.new { r.read }
exit 7
