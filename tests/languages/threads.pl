# SPDX-License-Identifier: MIT
# Perl's ithreads: shared data, cond_wait, queues, semaphores, sockets, select,
# system, fork, exit statuses.  What it prints does not depend on time.
use strict;
use warnings;
use threads;
use threads::shared;
use Errno qw(EAGAIN ECONNREFUSED EINTR);
use Fcntl qw(:flock);
use File::Temp qw(tempdir);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Thread::Queue;
use Thread::Semaphore;
use Time::HiRes qw(sleep usleep alarm);

$| = 1;
my $n = 50;

sub show {
	my ($name, @values) = @_;
	print "$name: @values\n";
}

# The fewest kernel threads in a row of looks: those that are on their way out
# when we look do not count.
sub tasks {
	my $least = 1e9;
	for (1 .. 20) {
		sleep 0.005;
		opendir my $dir, "/proc/self/task" or die;
		my $seen = grep { !/^\./ } readdir $dir;
		$least = $seen if $seen < $least;
	}
	return $least;
}

# ---- waiting in every way there is, all at once
my $gate = Thread::Queue->new;
my $arrived = Thread::Queue->new;
my $semaphore = Thread::Semaphore->new(0);
my $open :shared = 0;
pipe(my $reader, my $writer) or die;
my @threads = map {
	my $i = $_;
	threads->create(sub {
		$arrived->enqueue($i);
		if ($i % 5 == 0) {
			return $gate->dequeue;
		} elsif ($i % 5 == 1) {
			lock $open;
			cond_wait $open until $open;
		} elsif ($i % 5 == 2) {
			IO::Select->new($reader)->can_read;
		} elsif ($i % 5 == 3) {
			$semaphore->down;
		} else {
			lock $open;
			1 until $open or cond_timedwait $open, time + 60;
		}
		return $i;
	});
} 0 .. $n - 1;
$arrived->dequeue for 1 .. $n;
print STDERR "tasks=", tasks(), "\n";
show "running", scalar threads->list(threads::running);
$gate->enqueue($_ * 5) for 0 .. $n / 5 - 1;
{
	lock $open;
	$open = 1;
	cond_broadcast $open;
}
syswrite $writer, "x";
$semaphore->up($n / 5);
show "waiters", sort { $a <=> $b } map { $_->join } @threads;

# ---- shared data under contention, with a park inside the lock
my %count :shared;
$_->join for map {
	threads->create(sub {
		for (1 .. 10) {
			lock %count;
			my $seen = $count{all} // 0;
			threads->yield;
			$count{all} = $seen + 1;
		}
	});
} 1 .. 20;
show "lock", $count{all};
my $deep = shared_clone({ list => [1, 2, { three => 3 }] });
threads->create(sub { push @{ $deep->{list} }, shared_clone([4]); $deep->{list}[2]{three}++ })->join;
show "shared", scalar @{ $deep->{list} }, $deep->{list}[2]{three}, $deep->{list}[3][0];

# ---- a pipeline over bounded queues
my ($first, $second) = map { Thread::Queue->new } 1, 2;
$_->limit = 3 for $first, $second;
my @stages = (
	threads->create(sub { $first->enqueue($_) for 1 .. 200; $first->end }),
	threads->create(sub {
		while (defined(my $i = $first->dequeue)) { $second->enqueue($i * $i) }
		$second->end;
	}));
my $sum = 0;
while (defined(my $i = $second->dequeue)) { $sum += $i }
$_->join for @stages;
show "pipeline", $sum;
show "timed", Thread::Queue->new->dequeue_timed(0.02) // "undef";
{
	my $never :shared;
	lock $never;
	show "cond_timedwait", cond_timedwait($never, time + 1) ? 1 : 0;
}

# ---- what threads give back and how they end
my ($context) = threads->create({ context => "list" }, sub { (1, 2, 3) });
show "list", $context->join;
{
	local $SIG{__WARN__} = sub { };
	my $dead = threads->create(sub { die "inside\n" });
	$dead->join;
	print "error: ", $dead->error;
}
my $early = threads->create(sub { threads->exit; 1 });
show "exit", scalar(my @none = $early->join);
my $victim = threads->create(sub {
	local $SIG{KILL} = sub { threads->exit };
	$arrived->enqueue("up");
	sleep 0.002 while 1;
});
$arrived->dequeue;
$victim->kill("KILL")->join;
show "killed", $victim->is_running ? 1 : 0;
my $small = threads->create({ stack_size => 256 * 1024 }, sub { threads->self->get_stack_size });
show "stack", $small->join;
show "ids", threads->create(sub { threads->self->tid == threads->tid() })->join, threads->self->tid;
show "clone", do { my $own = 1; threads->create(sub { ++$own })->join, $own };
threads->create(sub { sleep 0.02; $arrived->enqueue("detached") })->detach;
show "detach", $arrived->dequeue;

# ---- a busy thread does not stop the others
my $enough :shared = 0;
my $busy = threads->create(sub { my $k = 0; $k++ until $enough; $k > 0 });
my $ticks = 0;
$ticks += $_->join for map { threads->create(sub { sleep 0.002 for 1 .. 5; 1 }) } 1 .. 10;
$enough = 1;
show "busy", $ticks, $busy->join;

# ---- TCP: a thread for each connection, on both sides
my $server = IO::Socket::INET->new(Listen => 64, LocalAddr => "127.0.0.1", LocalPort => 0) or die $!;
my $port = $server->sockport;
my $acceptor = threads->create(sub {
	my @served;
	for (1 .. $n) {
		my $s = $server->accept or die $!;
		push @served, threads->create(sub {
			while (defined(my $line = <$s>)) {
				chomp $line;
				print $s scalar(reverse $line), "\n";
			}
			close $s;
		});
		close $s;
	}
	$_->join for @served;
	return scalar @served;
});
my $right = 0;
$right += $_->join for map {
	my $i = $_;
	threads->create(sub {
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
		my $good = 0;
		for my $k (1 .. 5) {
			print $s "$i $k\n";
			chomp(my $line = <$s>);
			$good += $line eq reverse "$i $k";
		}
		return $good == 5;
	});
} 1 .. $n;
show "echo", $right, $acceptor->join;
my $late = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", Timeout => 0.05) or die $!;
show "accept timeout", defined $late->accept ? 1 : 0;
$late->timeout(0);
$late->blocking(0);
my $nobody = $late->accept;
show "nonblocking", defined $nobody ? 1 : 0, $! == EAGAIN ? 1 : 0;
my $gone = $late->sockport;
close $late;
IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $gone);
show "refused", $! == ECONNREFUSED ? 1 : 0;
socketpair(my $left, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
my $writing = threads->create(sub { my $all = "x" x 3_000_000; my $done = 0; while ($done < length $all) { $done += syswrite $left, $all, 1 << 20, $done } close $left; $done });
close $left;
my $size = 0;
while (my $got = sysread $other, my $buffer, 65536) { $size += $got }
show "unix", $size, $writing->join;
my $udp = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die;
my $receiver = threads->create(sub { $udp->recv(my $what, 100); $what });
IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1", PeerPort => $udp->sockport)->send("datagram");
show "udp", $receiver->join;
show "names", map { threads->create(sub { join ".", unpack "C4", gethostbyname "localhost" })->join } 1 .. 3;
show "select", do { pipe(my $quiet, my $keep); my $bits = ""; vec($bits, fileno $quiet, 1) = 1; scalar select $bits, undef, undef, 0.02 };

# ---- stdio on pipes, files, locks
show "pipes", map {
	pipe(my $r, my $w) or die;
	my $t = threads->create(sub { close $r; print $w "line $_\n" for 1 .. 20000; close $w; 1 });
	close $w;
	my $lines = 0;
	$lines++ while <$r>;
	$t->join;
	$lines;
} 1 .. 3;
my $dir = tempdir(CLEANUP => 1);
open my $held, ">", "$dir/lock" or die;
flock $held, LOCK_EX;
my $locker = threads->create(sub { open my $mine, "<", "$dir/lock" or die; flock $mine, LOCK_SH; "locked" });
sleep 0.02;
flock $held, LOCK_UN;
show "flock", $locker->join;

# ---- processes
show "backticks", map { $_->join } map { my $i = $_; threads->create(sub { my $o = `echo $i; sleep 0.05`; chomp $o; $o }) } 1 .. 8;
show "system", system("(exit 3)") >> 8, system("kill -9 \$\$") & 127;
my $child = fork // die;
if (!$child) {
	POSIX::_exit(threads->create(sub { 40 + threads->list })->join);
}
waitpid $child, 0;
show "fork", $? >> 8;
show "fork in a thread", threads->create(sub {
	my $pid = fork // die;
	POSIX::_exit(9) if !$pid;
	waitpid $pid, 0;
	$? >> 8;
})->join;
open my $from, "-|", "echo from a child; exit 5" or die;
my $said = <$from>;
chomp $said;
close $from;
show "popen", $said, $? >> 8;

# ---- signals
my $caught = 0;
$SIG{USR1} = sub { $caught++ };
kill USR1 => $$;
sleep 0.001 until $caught;
show "signal", $caught;
$SIG{ALRM} = sub { die "alarm\n" };
pipe(my $silent, my $kept) or die;
eval { alarm 0.05; sysread $silent, my $x, 1; };
print "alarm: $@";
threads->create(sub { sleep 0.02; kill USR1 => $$; 1 })->detach;
$! = 0;
select undef, undef, undef, 60;
show "interrupted", $! == EINTR ? 1 : 0, $caught;

# ---- the end
my $last = threads->create(sub { $arrived->dequeue });
$arrived->enqueue("last");
show "last", $last->join;
END { print "at the end\n" }
exit 7;
