// evaluate_network MODEL: reads inputs, one vector a line, and prints the network's outputs likewise. For
// tests/tools/compare_onnxruntime.py.
#include <geolip/error.hpp>
#include <geolip/io.hpp>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <sstream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: evaluate_network MODEL < INPUTS\n";
    return 2;
  }
  try {
    geolip::ReadOptions options;
    options.logits = true;
    const geolip::Network network = geolip::read_network(argv[1], options).network;
    std::string line;
    while (std::getline(std::cin, line)) {
      std::istringstream numbers(line);
      const std::vector<double> x{std::istream_iterator<double>(numbers), std::istream_iterator<double>()};
      for (const double y : network.evaluate(x)) std::printf("%.17g ", y);
      std::printf("\n");
    }
  } catch (const geolip::Error& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
  return 0;
}
