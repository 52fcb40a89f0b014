#!/bin/sh
# Install what the private Slurm and the SSH servers of the tests need (Debian, Ubuntu), by root or sudo. Where that
# cannot be, say what is missing: their tests then skip, so that is a failure only where YOGO_REQUIRE_SLURM=1.
# And Chromium, in which a report is looked at: where it cannot be had, that one test skips.
set -eu
packages="slurm-wlm slurmdbd munge mariadb-server openssh-server openssh-client tmux fish tcsh"
PATH="$PATH:/usr/sbin:/sbin"

missing() {
    for program in sbatch slurmctld slurmd slurmdbd munged mariadbd mariadb-install-db sshd ssh tmux fish csh; do
        command -v "$program" >/dev/null || printf ' %s' "$program"
    done
}

give_up() {
    [ -n "$(missing)" ] || exit 0 # only Chromium is not there
    echo "The real Slurm of the tests lacks:$(missing). $1" >&2
    [ "${YOGO_REQUIRE_SLURM:-0}" != 1 ] || exit 1
    exit 0
}

wanted="$packages"
command -v chromium >/dev/null || command -v google-chrome >/dev/null || wanted="$wanted chromium"
[ -n "$(missing)" ] || [ "$wanted" != "$packages" ] || exit 0
command -v apt-get >/dev/null ||
    give_up "Install Slurm, slurmdbd, munge, MariaDB, an SSH server and client, tmux, fish and csh with this system's package manager."
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    give_up "Ask an administrator for: apt-get install $packages"
fi

# Nothing of it is to run as a service of this machine: the tests start their own, and stop it.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$sudo rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
fi
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
# shellcheck disable=SC2086  # the packages are a list
{
    $sudo apt-get update -qq &&
        { install $wanted || install $packages; }
} >&2 || give_up "apt-get failed: see above, then try again: apt-get install $packages"
[ -z "$(missing)" ] || give_up "apt-get install $packages did not bring them."
