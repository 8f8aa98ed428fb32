# What Perl's own Encode says of each text: JSON strings in, one a line; [encoding, units, forced_by] out.
use strict;
use warnings;
use Encode qw(encode);
use JSON::PP;

my $json = JSON::PP->new->allow_nonref->ascii;
while (my $line = <STDIN>) {
    my $text = $json->decode($line);
    my $foreign;
    my $septets = encode("gsm0338", $text, sub { $foreign //= chr shift; "" }); # told of each one it does not have
    my @answer = defined $foreign
        ? ("UCS-2", length(encode("UTF-16BE", $text)) / 2, $foreign)
        : ("GSM-7", length $septets, undef);
    print $json->encode(\@answer), "\n";
}
