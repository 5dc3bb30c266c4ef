// Prints the first word that Philox4x32-10 gives for key 0 and counter 0: 0x6627e8d5.
#include <kiln/core/philox.h>

#include <cstdio>

int main() { std::printf("%u\n", kiln::Philox(0).bits()); }
