. "$(dirname "$0")/../real-context.sh"
printf '# sources only\nnode_modules/\n**/.git\n*.md\n!README*.md\nfake/*\n!fake/n?m\n**/*.lock\nconfig/**\n!config/app.yml\n./tests\n../x\n' >.dockerignore
printf 'more\n' >README-more.md
