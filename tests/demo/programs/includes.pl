#!/usr/bin/perl
# Who includes whom: the most included headers, and a sorted list through a pipe.
use strict;
use warnings;
use File::Find;

my (%seen, $files);
find({ no_chdir => 1, wanted => sub {
	return unless -f && /\.[chS]$/;
	$files++;
	open(my $f, '<', $_) or die "$_: $!";
	while (my $line = <$f>) {
		$seen{$1}++ if $line =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/;
	}
	close($f);
} }, $ARGV[0]);
open(my $out, '|-', 'sort -k1,1nr -k2 > includes.txt') or die "sort: $!";
printf $out "%d %s\n", $seen{$_}, $_ for keys %seen;
close($out) or die "sort: $?";
my @top = split /\n/, `head -n 10 includes.txt`;
print "$files files, ", scalar(keys %seen), " headers included\n", map { "$_\n" } @top;
$SIG{USR1} = sub { print "a signal came\n"; };
my $pid = fork() // die "fork: $!";
if (!$pid) { kill 'USR1', getppid(); exit 3; }
waitpid($pid, 0);
print 'child ended with ', $? >> 8, "\n";
