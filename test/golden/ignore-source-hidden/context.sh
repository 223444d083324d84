echo 1 >hidden.txt
echo hidden.txt >.dockerignore
