// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

// The contracts of the sandbox's chain. None has a constructor or an immutable, so that the run-time code can be put
// at the address that the real token has on mainnet, where nobody can deploy.

/// What the two coins and wrapped ether share. Anyone may issue: the chain has no other inhabitants than the story.
abstract contract Coin {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function name() external pure virtual returns (string memory);
    function symbol() external pure virtual returns (string memory);
    function decimals() external pure virtual returns (uint8);

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        move(msg.sender, to, value);
        return true;
    }

    /// Zero needs no allowance, as in the real coins: that is how a Transfer "from" any wallet is forged.
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        require(allowance[from][msg.sender] >= value, "allowance exceeded");
        allowance[from][msg.sender] -= value;
        move(from, to, value);
        return true;
    }

    function move(address from, address to, uint256 value) internal {
        require(balanceOf[from] >= value, "balance exceeded");
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}

abstract contract Issued is Coin {
    uint256 public totalSupply;

    function issue(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }
}

contract Dollar is Issued {
    function name() external pure override returns (string memory) { return "USD Coin"; }
    function symbol() external pure override returns (string memory) { return "USDC"; }
    function decimals() external pure override returns (uint8) { return 6; }
}

contract Link is Issued {
    function name() external pure override returns (string memory) { return "ChainLink Token"; }
    function symbol() external pure override returns (string memory) { return "LINK"; }
    function decimals() external pure override returns (uint8) { return 18; }
}

/// Wrapping and unwrapping say Deposit and Withdrawal, never Transfer.
contract WrappedEther is Coin {
    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);

    function name() external pure override returns (string memory) { return "Wrapped Ether"; }
    function symbol() external pure override returns (string memory) { return "WETH"; }
    function decimals() external pure override returns (uint8) { return 18; }

    function deposit() public payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    receive() external payable { deposit(); }

    function withdraw(uint256 wad) external {
        require(balanceOf[msg.sender] >= wad, "balance exceeded");
        balanceOf[msg.sender] -= wad;
        emit Withdrawal(msg.sender, wad);
        (bool paid,) = msg.sender.call{value: wad}("");
        require(paid, "unpaid");
    }
}

/// Swaps out of its own stock at rates that its dealer posts; the zero address stands for ether.
contract Router {
    struct Rate { uint256 outgoing; uint256 incoming; }
    mapping(address => mapping(address => Rate)) public rates;

    event Swap(address indexed sender, address indexed sold, address indexed bought, uint256 amountIn, uint256 amountOut);

    receive() external payable {}

    function post(address sold, address bought, uint256 outgoing, uint256 incoming) external {
        rates[sold][bought] = Rate(outgoing, incoming);
    }

    function swapEtherForCoin(Coin bought, uint256 least) external payable {
        uint256 out = quote(address(0), address(bought), msg.value, least);
        bought.transfer(msg.sender, out);
    }

    function swapCoinForCoin(Coin sold, uint256 amount, Coin bought, uint256 least) external {
        uint256 out = quote(address(sold), address(bought), amount, least);
        sold.transferFrom(msg.sender, address(this), amount);
        bought.transfer(msg.sender, out);
    }

    /// Pays by an internal call: no log tells of the ether that the seller receives.
    function swapCoinForEther(Coin sold, uint256 amount, uint256 least) external {
        uint256 out = quote(address(sold), address(0), amount, least);
        sold.transferFrom(msg.sender, address(this), amount);
        (bool paid,) = msg.sender.call{value: out}("");
        require(paid, "unpaid");
    }

    function quote(address sold, address bought, uint256 amount, uint256 least) private returns (uint256 out) {
        Rate memory rate = rates[sold][bought];
        require(rate.incoming > 0, "no market");
        out = amount * rate.outgoing / rate.incoming;
        require(out >= least, "too little received");
        emit Swap(msg.sender, sold, bought, amount, out);
    }
}

/// Advertises in its name, claims in its logs, holds nothing; decimals() does not exist.
contract Bait {
    event Transfer(address indexed from, address indexed to, uint256 value);

    function name() external pure returns (string memory) { return "Voucher: claim at link-rewards.example"; }
    function symbol() external pure returns (string memory) { return "LINK-VOUCHER"; }
    function balanceOf(address) external pure returns (uint256) { return 0; }

    function claimToHaveSent(address from, address to, uint256 value) external { emit Transfer(from, to, value); }
}
