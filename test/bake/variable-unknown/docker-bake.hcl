target "default" { tags = [NOTHING] }
