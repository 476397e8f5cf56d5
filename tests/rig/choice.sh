#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which of Debian's kernels the rig takes.
. "$(dirname "$0")/../ktap.sh"
rig=$(dirname "$0")

chooses() { # KERNEL PACKAGE: of the packages that standard input names
	[ "$("$rig/kernel" --choose "$1")" = "$2" ]
}

backports() {
	cat <<-'END'
	linux-image-cloud-amd64
	linux-image-7.2.12+deb13-cloud-amd64
	linux-image-7.9.30+deb13-cloud-amd64
	linux-image-7.10.2+deb13-amd64
	linux-image-7.10.1+deb13-cloud-amd64
	linux-image-7.10.1+deb13-cloud-amd64-unsigned
	linux-image-7.11.1+deb13-rt-amd64
	END
}

bookworm() {
	cat <<-'END'
	linux-image-6.1.0-9-cloud-amd64
	linux-image-6.1.0-42-cloud-amd64
	linux-image-6.12.12+bpo-cloud-amd64
	linux-image-6.1.0-43-amd64
	END
}

newest_is_the_highest() { backports | chooses newest linux-image-7.10.1+deb13-cloud-amd64; }
newest_of_the_next_series() { { backports; echo linux-image-8.0.3+deb13-cloud-amd64; } | chooses newest linux-image-8.0.3+deb13-cloud-amd64; }
highest_of_a_series() { bookworm | chooses 6.1 linux-image-6.1.0-42-cloud-amd64; }
a_series_is_not_its_namesake() { bookworm | chooses 6.12 linux-image-6.12.12+bpo-cloud-amd64; }
none_is_an_error() { ! backports | "$rig/kernel" --choose 6.12; }
no_such_kernel() { ! backports | "$rig/kernel" --choose 7.2; }

test_case newest_is_the_highest newest_is_the_highest
test_case newest_of_the_next_series newest_of_the_next_series
test_case highest_of_a_series highest_of_a_series
test_case a_series_is_not_its_namesake a_series_is_not_its_namesake
test_case none_is_an_error none_is_an_error
test_case no_such_kernel no_such_kernel
test_end
