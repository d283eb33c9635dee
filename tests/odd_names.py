"""Names that object stores allow."""

# Nothing of ours can read these: no path of a file system or an HTTP client holds them for sure.
UNREADABLE = (
    "a//b.c3d",
    "../x.c3d",
    "x/../y.c3d",
    "../../etc/passwd.c3d",
    "/abs.c3d",
    "./here.c3d",
    "tab\there.c3d",
    "bell\x07.c3d",
    "back\\slash.c3d",
    "soft\u00adhyphen.c3d",
    "z" * 300 + ".c3d",
    "r\u202eversed.c3d",
)
PLAIN = (
    "P001/a.c3d",
    "..c3d",
    "with a blank.c3d",
    "ünï.c3d",
    "日本.c3d",
    "a+b.c3d",
    "a%20b.c3d",
    "a&b;c='d'.c3d",
    "q?x=1.c3d",
    "h#1.c3d",
    "<x>.c3d",
    "UP.C3D",
    "folder.c3d/a.c3d",
    "(1)!*$@:,.c3d",
)
ODD = PLAIN + UNREADABLE
