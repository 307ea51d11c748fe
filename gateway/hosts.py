"""What kind of place a host is, by its literal address or a well-known name. Pure.

Nothing is looked up: what a name resolves to is known where the gateway runs, and may
change. Ranges: https://www.iana.org/assignments/iana-ipv4-special-registry/ and its
IPv6 twin, as `ipaddress` knows them; metadata services as the clouds' documentation
names them.
"""

import re
import unicodedata
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote

Address = IPv4Address | IPv6Address


class Place(StrEnum):
    """From what gives away most to what everybody may reach anyway."""

    METADATA = "metadata"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    PRIVATE = "private"
    # A name that means something only inside some network.
    INSIDE = "inside"
    PUBLIC = "public"


METADATA_ADDRESSES = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, OpenStack, DigitalOcean
        "169.254.170.2",  # AWS ECS, credentials of a task
        "169.254.170.23",  # AWS EKS, credentials of a pod
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure, the host of a virtual machine
        "192.0.0.192",  # Oracle Classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS
        "fd20:ce::254",  # Google
    )
)
METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.tencentyun.com",
        "metadata.platformequinix.com",
        "instance-data",
        "instance-data.ec2.internal",
        "rancher-metadata",
    }
)
LOOPBACK_NAMES = frozenset({"ip6-localhost", "ip6-loopback", "localhost.localdomain"})
# Whose every name is the machine that asks.
LOOPBACK_DOMAINS = ("localhost", "localtest.me", "lvh.me")
# Whose names spell the address they stand for: 10.0.0.1.nip.io, 10-0-0-1.sslip.io.
SPELLED = re.compile(
    r"(?:.*[.-])?([0-9]{1,3}(?:[.-][0-9]{1,3}){3})\.(?:nip|sslip|xip)\.io"
)
INSIDE_DOMAINS = (
    "corp",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "private",
    "svc",
    "test",
)
# IPv6 addresses that carry an IPv4 one in their last 32 bits.
CARRIERS = (
    ip_network("64:ff9b::/96"),
    ip_network("::/96"),
    ip_network("::ffff:0:0:0/96"),
)
# Inside some network, though `ipaddress` does not say so.
INNER = (
    ip_network("100.64.0.0/10"),  # RFC 6598: a provider's own network
    ip_network("64:ff9b:1::/48"),  # RFC 8215: translated by a network's own rule
    ip_network("fec0::/10"),  # RFC 3879: what private networks used to have
)
NUMBER = re.compile(r"0x[0-9a-f]{1,16}|[0-9]{1,20}")


def place_of(host: str) -> Place:
    """Return what kind of place a host is; a wildcard counts as what it stands for."""
    name = _plain(host)
    address = address_of(name)
    if address is not None:
        return _place_of_address(address)
    if name in METADATA_NAMES:
        return Place.METADATA
    if name in LOOPBACK_NAMES or _is_in(name, LOOPBACK_DOMAINS):
        return Place.LOOPBACK
    if spelled := SPELLED.fullmatch(name):
        inner = address_of(spelled[1].replace("-", "."))
        return _place_of_address(inner) if inner else Place.PUBLIC
    if name and ("." not in name or _is_in(name, INSIDE_DOMAINS)):
        return Place.INSIDE
    return Place.PUBLIC


def address_of(host: str) -> Address | None:
    """Return the address that a host spells out, None for a name.

    Resolvers also take IPv4 addresses of one to four numbers, decimal, octal or
    hexadecimal (inet_aton(3)), and IPv6 may carry an IPv4 address: both are undone.
    """
    text = _plain(host).strip("[]").partition("%")[0]
    try:
        address: Address | None = ip_address(text)
    except ValueError:
        address = _from_numbers(text)
    return _carried(address) if isinstance(address, IPv6Address) else address


def is_within(address: str, network: str) -> bool:
    """Say whether an address is this one or lies in this network (`10.2.0.0/16`).

    False for what spells no address or no network.
    """
    one = address_of(address)
    try:
        return one is not None and one in ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _plain(host: str) -> str:
    """Return a host as resolvers read it: unquoted, ASCII digits and dots, lower case."""
    text = unicodedata.normalize("NFKC", unquote(host)).replace("。", ".")
    return text.strip().lower().removeprefix("*").strip(".")


def _from_numbers(text: str) -> IPv4Address | None:
    parts = text.split(".")
    if len(parts) > 4 or not all(NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        *high, low = [_number(part) for part in parts]
    except ValueError:
        return None  # 08 and 09 are no octal numbers
    if low >= 256 ** (4 - len(high)) or any(number > 255 for number in high):
        return None
    return IPv4Address(low + sum(n << 24 - 8 * i for i, n in enumerate(high)))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)


def _carried(address: IPv6Address) -> Address:
    """Return the IPv4 address in an IPv6 one, if there is one."""
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in network for network in CARRIERS):
        # :: and ::1 are addresses of their own.
        inner = IPv4Address(int(address) & 0xFFFFFFFF) if int(address) > 1 else None
    return inner or address


def _place_of_address(address: Address) -> Place:
    if address in METADATA_ADDRESSES:
        return Place.METADATA
    # A connection to 0.0.0.0 or :: ends at the machine itself.
    if address.is_loopback or address.is_unspecified:
        return Place.LOOPBACK
    if address.is_link_local:
        return Place.LINK_LOCAL
    if address.is_private or any(address in network for network in INNER):
        return Place.PRIVATE
    return Place.PUBLIC


def _is_in(name: str, domains: tuple[str, ...]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)
