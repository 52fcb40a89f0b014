#!/bin/sh
# Install what the private Slurm needs (Debian, Ubuntu). Without root or sudo: say what is missing, exit 1.
set -eu
packages="slurm-wlm slurmdbd munge mariadb-server openssh-server tmux"
PATH="$PATH:/usr/sbin:/sbin"

missing=""
for program in sbatch slurmctld slurmd slurmdbd munged mariadbd mariadb-install-db sshd tmux; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

say() {
    echo "The real Slurm of the tests lacks:$missing. $1" >&2
}
if ! command -v apt-get >/dev/null; then
    say "Install Slurm, slurmdbd, munge, MariaDB, an SSH server and tmux with this system's package manager."
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    say "Ask an administrator for: apt-get install $packages"
    exit 1
fi

# Nothing of it is to run as a service of this machine: the tests start their own, and stop it.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    made=yes
fi
trap '[ -z "$made" ] || $sudo rm -f $policy' EXIT
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086  # the packages are a list
$sudo apt-get install -y -qq --no-install-recommends $packages
