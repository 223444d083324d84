# Links that say another mode and owner than what they link to.
base64 -d <<EOF | gzip -d > odd.tar
H4sIAAAAAAACA+2UMQ4CMQwEXfOKPGGT2PF7aMLRkuP/CCmg00GRglhC52kspYq9mq00HwCsIs8J
QPvEawJIFLMm5djflSNTgMHf6N7W842AHyy5XYr+hHoi58BcbPxHYewUyRv/sfdfOFOI1f2fzWKW
P/fTyFD/Q7z/TfL3/j80V3P/8cX/z/4XUIiL+z+bZp4/D+VflELy/KezWuX/Pk0Zyl+ZQmyev+M4
ziweMvYhtgAUAAA=
EOF
