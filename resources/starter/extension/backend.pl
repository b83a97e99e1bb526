#!/usr/bin/perl
# The service of the extension: answers GET /host with load, memory and uptime of the engine's host, over a UNIX socket.
use strict;
use warnings;
use IO::Socket::UNIX;

my $path = '/run/guest-services/backend.sock';
unlink $path;
my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $path, Listen => 16) or die "listen on $path: $!";
chmod 0666, $path;
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = sub { unlink $path; exit 0 };

sub slurp { open my $file, '<', $_[0] or return ''; local $/; my $text = <$file>; return $text }

while (1) {
    my $client = $server->accept or next;
    my $line = <$client> // '';
    while (defined(my $header = <$client>)) { last if $header =~ /^\r?\n$/ }
    my ($load) = slurp('/proc/loadavg') =~ /^(\S+)/;
    my ($uptime) = slurp('/proc/uptime') =~ /^(\S+)/;
    my %memory = slurp('/proc/meminfo') =~ /^(\w+):\s+(\d+)/mg;
    my ($status, $body) = $line =~ m{^GET /host\b}
        ? ('200 OK', sprintf('{"load":%s,"uptimeSeconds":%s,"memoryTotalBytes":%d,"memoryAvailableBytes":%d}', $load || 0, $uptime || 0, ($memory{MemTotal} || 0) * 1024, ($memory{MemAvailable} || 0) * 1024))
        : ('404 Not Found', '{"message":"not found"}');
    print $client "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
    close $client;
}
