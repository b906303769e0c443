# What the machine is, as far as figures depend on it; no name or address of it.
import datetime
import os
import platform
import subprocess

FLAGS = ["aes", "vaes", "pclmulqdq", "vpclmulqdq", "avx", "avx2", "avx512f", "sha_ni", "pmull", "sha2", "asimd", "sve"]


def said(*argv):
    """The output of a command, or nothing where it is missing or fails."""
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def facts(source):
    """{what: words}, in the order in which the page shows them. `source` is our working copy."""
    processor = dict(line.split(":", 1) for line in said("lscpu").splitlines() if ":" in line)
    processor = {key.strip(): value.strip() for key, value in processor.items()}
    flags = processor.get("Flags", "").split()
    system = dict(line.split("=", 1) for line in read("/etc/os-release").splitlines() if "=" in line)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = said("git", "-C", source, "rev-parse", "--short", "HEAD")
    if commit and said("git", "-C", source, "status", "--porcelain", "--untracked-files=no"):
        commit += ", changed since"
    virtual = processor.get("Hypervisor vendor")
    found = {
        "Processor": processor.get("Model name", platform.machine()),
        "Cores": f"{os.cpu_count()} logical, threads a core: {processor.get('Thread(s) per core', 'unknown')}",
        "For ciphers": " ".join(flag for flag in FLAGS if flag in flags) or "no flag that we know",
        "Virtual": f"yes, under {virtual}" if virtual else "no sign of it",
        "Frequency": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "Memory": f"{memory:.1f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "System": system.get("PRETTY_NAME", "").strip('"'),
        "OpenSSL": said("openssl", "version"),
        "OPENSSL_ia32cap": os.environ.get("OPENSSL_ia32cap", ""),
        "Compiler": (said("c++", "--version").splitlines() or [""])[0],
        "Hauberk": commit,
        "Measured": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    }
    return {what: words for what, words in found.items() if words}
